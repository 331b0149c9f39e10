// Whoever clicks a notification comes to the page, at the contact that it is about.

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(show(event.notification.data.contact))
})

async function show(contact) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const page = pages.find((each) => new URL(each.url).pathname === '/')
  if (!page) return self.clients.openWindow(`/#${contact}`)
  page.postMessage({ contact })
  return page.focus().catch(() => {})  // browsers let a page come forward only for a while after the click
}
