// How an agent is told of what waits for them: their own settings, and what the browser shows while the
// page is out of sight. A notification stands on locked screens, so it holds no word of a customer's.

const $ = (id) => document.getElementById(id)
const WAYS = ['push', 'mail', 'sms', 'ring']
const SAID = {
  offer: (where) => `A contact ${where} is waiting for you.`,
  assignment: (where) => `A contact ${where} is yours.`,
  transfer: (where) => `A contact ${where} was handed on to you.`,
  escalation: (where) => `A contact ${where} was escalated.`,
  warning: (where) => `A contact ${where} is running late.`,
  alarm: (where) => `Nobody takes a contact ${where}.`,
}

// On pages that came by plain HTTP there are none.
const possible = 'Notification' in window && 'serviceWorker' in navigator

// What a frame of /api/live is news about to this agent; nobody is told what they did themselves.
function about({ event, agent, contact, data }, me, lead, mine) {
  switch (event) {
    case 'ContactOffered': case 'OfferRenewed': return agent === me ? 'offer' : ''
    case 'ContactAssigned':
      if (agent !== me || data.via === 'offer' || data.by === me) return ''
      return data.via === 'transfer' ? 'transfer' : 'assignment'
    case 'Escalated': return (data.agents || []).includes(me) ? 'escalation' : ''
    case 'ClockWarned': case 'ClockBreached': return mine(contact) ? 'warning' : ''
    case 'AlarmRaised': return lead ? 'alarm' : ''
    default: return ''
  }
}

export function notifications({ api, me, mine, open, announce }) {
  let settings = null

  async function load() {
    settings = await api('GET', '/api/me/notifications')
  }

  async function hear(frame) {
    const what = settings && about(frame, me(), settings.lead, mine)
    if (!what || !document.hidden || !possible || Notification.permission !== 'granted') return
    await load()  // another tab may have changed it, and quiet hours come and go
    if (!settings.ways.includes('push') || !settings.about.includes(what)) return
    if (settings.quiet_now && !(what === 'alarm' && settings.alarm_when_quiet)) return
    const contact = await api('GET', `/api/contacts/${encodeURIComponent(frame.contact)}`)
    const body = SAID[what](`by ${contact.channel} in ${contact.inbox}`)
    const worker = await working()
    await worker.showNotification('Frontline', { body, tag: `${what}-${contact.id}`, data: { contact: contact.id } })
  }

  function show() {
    for (const way of WAYS) {
      $(`way-${way}`).checked = settings.ways.includes(way)
      $(`by-${way}`).hidden = !settings.can.includes(way)
      if ($(`at-${way}`)) $(`at-${way}`).value = settings[way]
    }
    for (const box of document.querySelectorAll('#telling input[name=about]')) box.checked = settings.about.includes(box.value)
    $('quiet').value = settings.quiet.join('\n')
    $('zone').value = settings.own || settings.quiet.length ? settings.zone : Intl.DateTimeFormat().resolvedOptions().timeZone
    $('alarm-when-quiet').checked = settings.alarm_when_quiet
    $('alarm-line').hidden = !settings.lead
    $('telling-forget').hidden = !settings.own
    $('telling-error').textContent = ''
    $('blocked').hidden = possible && Notification.permission !== 'denied'
    $('blocked').textContent = possible ? 'Your browser lets this page show none: allow it in its settings for this page.'
      : 'This browser shows none here: it needs HTTPS.'
  }

  async function save() {
    const lines = $('quiet').value.split('\n').map((line) => line.trim()).filter(Boolean)
    const body = {
      ways: WAYS.filter((way) => $(`way-${way}`).checked),
      about: [...document.querySelectorAll('#telling input[name=about]:checked')].map((box) => box.value),
      mail: $('at-mail').value.trim(),
      sms: $('at-sms').value.replaceAll(' ', ''),
      ring: $('at-ring').value.replaceAll(' ', ''),
      zone: $('zone').value.trim() || 'UTC',
      quiet: lines,
      alarm_when_quiet: $('alarm-when-quiet').checked,
    }
    try {
      if (body.ways.includes('push') && possible) await Notification.requestPermission()
      settings = await api('PUT', '/api/me/notifications', { body })
      $('telling').close()
      announce('Saved.')
    } catch (problem) {
      $('telling-error').textContent = problem.message
    }
  }

  async function forget() {
    try {
      settings = await api('DELETE', '/api/me/notifications')
      show()
      announce('What you had said is forgotten: you are told as your desk has it.')
    } catch (problem) {
      $('telling-error').textContent = problem.message
    }
  }

  $('show-telling').onclick = async () => {
    try {
      await load()
      show()
      $('telling').showModal()
    } catch (problem) {
      announce(problem.message)
    }
  }
  $('telling-form').onsubmit = (event) => { event.preventDefault(); save() }
  $('telling-close').onclick = () => $('telling').close()
  $('telling-forget').onclick = forget
  for (const zone of Intl.supportedValuesOf?.('timeZone') ?? []) $('zones').append(new Option(zone, zone))
  navigator.serviceWorker?.addEventListener('message', ({ data }) => { if (data.contact) open(data.contact) })
  navigator.serviceWorker?.startMessages()
  return { load, hear: (frame) => hear(frame).catch(() => {}) }
}

// The worker that shows notifications, once it works.
async function working() {
  const registration = await navigator.serviceWorker.register('/console/worker.js')
  const coming = registration.installing || registration.waiting
  if (!registration.active && coming) {
    await new Promise((go) => coming.addEventListener('statechange', () => coming.state === 'activated' && go()))
  }
  return registration
}
