// The agents' page. What it shows comes from the API; /api/live says when to look again. Whatever
// customers wrote is only ever set as text, or shown in a frame that may do nothing.

import { notifications } from '/console/notify.js'

const $ = (id) => document.getElementById(id)
const TOKEN = 'frontline.token'
const KEYS = 'frontline.keys'
const LINES = 200

const state = {
  me: '', token: sessionStorage.getItem(TOKEN) || '', seq: 0, resume: null, skew: 0, socket: null, tries: 0,
  offers: [], contacts: new Map(), previews: new Map(), open: '', unread: new Set(), looking: null,
  again: false, waits: 0,
}

class Problem extends Error {
  constructor(status, body) {
    super((body.errors || []).map((e) => `${e.at}: ${e.what}`).join('; ') || body.detail || `Refused (${status})`)
    this.status = status
    this.conflict = body.conflict
  }
}

const el = (tag, props = {}, ...children) => {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name in node) node[name] = value
    else node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}

async function api(method, path, { body, key, seen } = {}) {
  const headers = { Authorization: `Bearer ${state.token}` }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (key) headers['Idempotency-Key'] = key
  if (seen) headers['X-Frontline-Seq'] = String(seen)
  let response
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  } catch {
    throw new Problem(0, { detail: 'The desk can’t be reached. Nothing is lost; try again in a moment.' })
  }
  if (response.ok) {
    const data = await response.json()
    if (method !== 'GET') state.seq = Math.max(state.seq, Number(response.headers.get('X-Frontline-Seq')) || 0)
    return data
  }
  const problem = new Problem(response.status, await response.json().catch(() => ({})))
  if (problem.status === 401 && state.me) logout('Your token is not valid any more.')
  throw problem
}

// Signing in and out

async function login(token) {
  state.token = token
  await api('GET', '/api/me/availability')
  sessionStorage.setItem(TOKEN, token)
  show()
}

function logout(why = '') {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith('frontline.')) sessionStorage.removeItem(name)
  history.replaceState(null, '', location.pathname)
  state.socket?.close()
  sessionStorage.setItem('frontline.bye', why)
  location.reload()
}

function show() {
  const inside = Boolean(sessionStorage.getItem(TOKEN))
  $('login').hidden = inside
  $('desk').hidden = !inside
  if (inside) {
    connect()
  } else {
    $('login-error').textContent = sessionStorage.getItem('frontline.bye') || ''
    sessionStorage.removeItem('frontline.bye')
    $('token').focus()
  }
}

// Live

function connect() {
  const at = state.resume === null ? '' : `?after=${state.resume}`
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/live${at}`)
  state.socket = socket
  socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', token: state.token }))
  socket.onmessage = ({ data }) => hear(JSON.parse(data))
  socket.onclose = ({ code }) => {
    if (state.socket !== socket) return
    if (code === 1008) return logout('Your token is not valid any more.')
    $('connection').textContent = 'Reconnecting…'
    const pause = Math.min(8000, 250 * 2 ** state.tries++) * (0.5 + Math.random())
    setTimeout(connect, pause)
  }
}

function hear(frame) {
  state.seq = Math.max(state.seq, frame.seq)
  // What came before this frame is complete; its own commit is only when nothing more of it follows.
  state.resume = frame.more ? Math.max(state.resume ?? 0, frame.seq - 1) : frame.seq
  if (frame.event === 'Started') {
    state.me = frame.agent
    state.skew = new Date(frame.at) - Date.now()
    state.tries = 0
    $('connection').textContent = 'Live'
    $('brand').textContent = `Frontline · ${state.me}`
    if (!frame.data.resumed) look(state.open)
    telling.load().catch(() => {})
    return
  }
  if (frame.event === 'MessageReceived' && frame.contact !== state.open) state.unread.add(frame.contact)
  if (frame.event === 'ContactOffered' && frame.agent === state.me) announce('You are offered a contact.')
  if (frame.event === 'ContactErased') {
    state.previews.delete(frame.contact)
    if (frame.agent === state.me) announce('A contact of yours has been erased.')
  }
  if (frame.event === 'Escalated' && (frame.data.agents || []).includes(state.me)) tellLate(frame)
  telling.hear(frame)
  if (frame.event === 'AvailabilityChanged' && frame.agent !== state.me) return
  look(frame.contact)
}

function announce(text) {
  $('announce').textContent = ''
  requestAnimationFrame(() => { $('announce').textContent = text })
}

// Reading: one look at a time; what happens meanwhile is looked at right after.

const stale = new Set()

function look(contact) {
  if (contact) stale.add(contact)
  state.again = true
  if (!state.looking) state.looking = lookAgain().finally(() => { state.looking = null })
}

async function lookAgain() {
  while (state.again) {
    await new Promise((go) => setTimeout(go, 30))
    state.again = false
    const open = stale.has(state.open)
    stale.clear()
    try {
      await readAll()
      if (open) await readOpen()
    } catch (problem) {
      if (problem.status === 401) return
      await new Promise((go) => setTimeout(go, 1000))
      state.again = true
      if (open) stale.add(state.open)
    }
  }
}

async function readAll() {
  const seen = state.seq
  const list = (query) => api('GET', `/api/contacts?${query}`, { seen }).then((page) => page.items)
  state.desks ||= (await api('GET', '/api/desks')).items
  const [offers, mine, waiting, resolved, me] = await Promise.all([
    api('GET', '/api/offers', { seen }).then((page) => page.items),
    list(`state=assigned&state=waiting_customer&state=waiting_third_party&limit=100&agent=${encodeURIComponent(state.me)}`),
    list('state=waiting&state=offered&limit=50'),
    list(`state=resolved&limit=10&agent=${encodeURIComponent(state.me)}`),
    api('GET', '/api/me/availability', { seen }),
  ])
  for (const contact of [...resolved, ...waiting, ...mine]) state.contacts.set(contact.id, contact)
  await Promise.all(offers.map((offer) => preview(offer.contact)))
  state.offers = offers
  const asked = new Set(offers.map((offer) => offer.contact))
  showOffers()
  showRows($('mine'), mine.sort((a, b) => urgency(a) - urgency(b)))
  showRows($('waiting'), waiting.filter((contact) => !asked.has(contact.id)))
  showRows($('resolved'), resolved)
  showAvailability(me)
  showAlarm(waiting.filter((contact) => contact.alarm))
  awaitWords([...waiting, ...mine])
  document.title = offers.length ? `(${offers.length}) Frontline` : 'Frontline'
}

// Who a new customer is and what they said comes a moment after the decision; a few looks will do.
function awaitWords(contacts) {
  const missing = contacts.some((contact) => !contact.customer.name && !contact.customer.identities.length)
    || state.offers.some((offer) => !state.previews.has(offer.contact))
  state.waits = missing ? state.waits + 1 : 0
  if (missing && state.waits < 8) setTimeout(look, 100 * 2 ** state.waits, state.open)
}

async function preview(id) {
  if (state.previews.has(id)) return
  // Not as of what was seen: an offer must not wait for its words, they come a moment later.
  const said = await api('GET', `/api/contacts/${encodeURIComponent(id)}/transcript?limit=1`)
  if (!state.contacts.has(id)) state.contacts.set(id, await api('GET', `/api/contacts/${encodeURIComponent(id)}`))
  if (said.items.length) state.previews.set(id, said.items[0].reply_text || said.items[0].text)
}

async function readOpen() {
  const id = state.open
  if (!id) return
  const path = `/api/contacts/${encodeURIComponent(id)}`
  const contact = await api('GET', path, { seen: state.seq })
  const lines = []
  for (let after = 0; after !== null;) {
    const page = await api('GET', `${path}/transcript?limit=${LINES}&after=${after}`, { seen: state.seq })
    lines.push(...page.items)
    after = page.next
  }
  if (id !== state.open) return
  state.contacts.set(id, contact)
  state.unread.delete(id)
  showContact(contact)
  showLines(lines)
}

// Showing

// What a person would recognise; a visitor's random id is nothing of the kind.
const readable = (text) => /^[a-z]?[0-9a-f]{31,}$/.test(text ?? '') ? '' : text
const who = (contact) => contact.customer.name || readable(contact.customer.identities[0]?.address) || 'Visitor'
const spoken = (word) => (word || '').replaceAll('_', ' ')
const what = (contact) => [contact.channel, contact.presence === 'live' ? 'here now' : '', contact.state.startsWith('waiting_') || contact.state === 'erased' ? spoken(contact.state) : '',
  contact.subject].filter(Boolean).join(' · ')
const now = () => Date.now() + state.skew

function runningClock(contact) {
  return contact.clocks.filter((c) => !c.met_at && c.outcome !== 'withdrawn' && c.outcome !== 'met')
    .sort((a, b) => (a.due_at < b.due_at ? -1 : 1))[0]
}

function urgency(contact) {
  const clock = runningClock(contact)
  return clock ? Number(new Date(clock.due_at)) : Infinity
}

function span(milliseconds) {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

const NAMES = { first_response: 'First answer', next_response: 'Next answer', resolution: 'Resolution', follow_up: 'Promise' }

function tellTime(node) {
  const clock = node.clock
  const name = NAMES[clock.target] || clock.target
  let [kind, text] = ['', '']
  if (clock.paused && !clock.outcome) text = `‖ ${name}: paused`
  else if (clock.outcome === 'withdrawn') text = `○ ${name}: no longer promised`
  else if (clock.met_at) [kind, text] = clock.outcome === 'breached' ? ['late', `✕ ${name}: given late`] : ['met', `✓ ${name}: given in time`]
  else {
    const left = new Date(clock.due_at) - now()
    const whole = new Date(clock.due_at) - new Date(clock.started_at)
    if (left < 0) [kind, text] = ['late', `■ ${name}: overdue by ${span(left)}`]
    else [kind, text] = left < whole / 5 ? ['soon', `▲ ${name}: ${span(left)} left`] : ['', `● ${name}: ${span(left)} left`]
  }
  node.className = `clock ${kind}`.trim()
  if (node.textContent !== text) node.textContent = text
}

function clockNode(clock, tag = 'span') {
  const node = el(tag)
  node.clock = clock
  tellTime(node)
  return node
}

function keyed(list, items, key, make, update) {
  // Nodes stay where they are while they stay true: focus and reading positions survive a look.
  const have = new Map([...list.children].map((node) => [node.dataset.key, node]))
  items.forEach((item, place) => {
    let node = have.get(key(item))
    have.delete(key(item))
    if (!node) {
      node = make(item)
      node.dataset.key = key(item)
    }
    update(node, item)
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] || null)
  })
  for (const gone of have.values()) gone.remove()
}

function showRows(list, contacts) {
  keyed(list, contacts, (contact) => contact.id, (contact) => {
    const row = el('button', { className: 'row', type: 'button', onclick: () => openContact(contact.id, true) })
    row.append(el('span', { className: 'who' }), el('span', { className: 'what' }), el('span', { className: 'time' }))
    return el('li', {}, row)
  }, (item, contact) => {
    const [name, about, time] = item.firstChild.children
    const unread = state.unread.has(contact.id)
    name.textContent = who(contact)
    name.classList.toggle('new', unread)
    about.textContent = what(contact) + (unread ? ' · new message' : '') + (contact.offer ? ` · offered to ${contact.offer.agent}` : '')
    const clock = contact.state === 'resolved' ? null : runningClock(contact)
    time.replaceChildren(...(clock ? [clockNode(clock)] : []))
    item.firstChild.setAttribute('aria-current', String(contact.id === state.open))
  })
}

function showOffers() {
  keyed($('offers'), state.offers, (offer) => offer.id, (offer) => {
    const card = el('li', { className: 'offer' })
    card.append(
      el('p', { className: 'who' }),
      el('p', { className: 'what dim' }),
      el('p', { className: 'said' }),
      el('progress', { max: 1, 'aria-label': 'Time left to answer' }),
      el('p', {}, el('span', { className: 'left' })),
      el('div', { className: 'actions' },
        el('button', { className: 'primary', type: 'button', onclick: () => answerOffer(offer, 'accept') }, 'Accept'),
        el('button', { type: 'button', onclick: () => answerOffer(offer, 'reject') }, 'Reject')),
    )
    return card
  }, (card, offer) => {
    const contact = state.contacts.get(offer.contact)
    if (contact) {
      card.querySelector('.who').textContent = who(contact)
      card.querySelector('.what').textContent = what(contact)
    }
    card.querySelector('.said').textContent = state.previews.get(offer.contact) || ''
    if (card.expires !== offer.expires_at) {
      card.expires = offer.expires_at
      card.whole = Math.max(1000, new Date(offer.expires_at) - now())
    }
    tellOffer(card)
  })
}

function tellOffer(card) {
  const left = Math.max(0, new Date(card.expires) - now())
  card.querySelector('progress').value = left / card.whole
  card.querySelector('.left').textContent = left > 0 ? `${Math.ceil(left / 1000)} s left to answer` : 'Time is over'
}

function showAvailability(me) {
  if (document.activeElement !== $('availability')) $('availability').value = me.state
  if (me.state !== 'available' && me.reason === 'missed_offers') {
    if ($('notice').dataset.what !== 'missed') {
      $('notice').dataset.what = 'missed'
      $('notice').replaceChildren(
        el('p', {}, 'You were set away: two offers in a row were not answered.'),
        el('button', { type: 'button', onclick: () => setAvailability('available') }, 'I am back'))
    }
  } else if ($('notice').dataset.what === 'missed') notice()
}

// Of the whole desk: it stays until somebody has taken them all.
function showAlarm(contacts) {
  const text = contacts.length ? `Nobody takes ${contacts.length > 1 ? `${contacts.length} contacts` : `${who(contacts[0])}, ${what(contacts[0])}`}.` : ''
  if ($('alarm').dataset.text === text) return
  $('alarm').dataset.text = text
  $('alarm').replaceChildren(...(text ? [el('p', {}, `▲ ${text}`),
    el('button', { type: 'button', onclick: () => openContact(contacts[0].id, true) }, 'See to it')] : []))
}

function notice(text = '', ...actions) {
  $('notice').dataset.what = text ? 'text' : ''
  $('notice').replaceChildren(...(text ? [el('p', {}, text), ...actions, el('button', { type: 'button', onclick: () => notice() }, 'Close')] : []))
}

// What the policy wants this agent to know of a clock, and of a contact that has gone to somebody else.
function tellLate({ contact, data }) {
  const name = NAMES[data.target] || data.target
  const how = data.fraction < 1 ? `has used ${Math.round(data.fraction * 100)} % of its time` : 'is overdue'
  const lost = data.taken_from === state.me ? ' It goes to somebody else: you have not answered.' : ''
  notice(`${name} ${how}.${lost}`, el('button', { type: 'button', onclick: () => { notice(); openContact(contact, true) } }, 'Open it'))
}

function showContact(contact) {
  $('nobody').hidden = true
  $('open').hidden = false
  $('subject').textContent = contact.subject || who(contact)
  const identity = contact.customer.identities[0]
  const presence = { live: ['● Here now', 'live'], left: ['○ Has left', 'left'] }[contact.presence]
  const holder = contact.assignment && contact.state === 'assigned'
    ? (contact.assignment.agent === state.me ? 'yours' : `with ${contact.assignment.agent}`) : spoken(contact.state)
  $('about').textContent = [contact.subject ? who(contact) : '', identity && identity.address !== who(contact) ? readable(identity.address) : '',
    contact.channel, contact.lane === 'normal' ? '' : `lane ${contact.lane}`, holder].filter(Boolean).join(' · ')
  $('presence').textContent = presence ? presence[0] : ''
  $('presence').className = presence ? presence[1] : ''
  showLink(contact)
  showPerson(contact)
  showWay(contact)
  $('clocks').replaceChildren(...contact.clocks.map((clock) => clockNode(clock, 'li')))
  $('reasons').replaceChildren(...contact.why.map((why) => el('li', {}, `${time(why.at)}: ${why.text}`)))
  const desks = (state.desks || []).filter((desk) => desk.id !== contact.desk)
  $('hand-on').hidden = desks.length === 0 || ['resolved', 'closed', 'erased'].includes(contact.state)
  if ($('other-desk').children.length !== desks.length) {
    $('other-desk').replaceChildren(...desks.map((desk) => el('option', { value: desk.id }, desk.name || desk.id)))
  }
  $('resolve').hidden = contact.state === 'resolved'
  $('reopen').hidden = contact.state !== 'resolved'
}

// A contact that was split off from another, or a message that named one without proof and came here on its own.
function showLink(contact) {
  const off = contact.why.some((why) => why.rule === 'split' && why.text.startsWith('split off from'))
  const other = (text, id, name) => el('p', {}, `${text} `,
    el('button', { type: 'button', className: 'link', onclick: () => openContact(id, true) }, name))
  const links = contact.linked_to ? [other(off ? 'This was split off from another contact.'
    : 'This names another contact, without proof that its sender takes part there.', contact.linked_to, 'Open that contact')] : []
  links.push(...(contact.linked_from || []).map((id) => other('Another contact was split off from this one, or names it.', id, 'Open the other contact')))
  $('linked').hidden = !links.length
  $('linked').replaceChildren(...links)
}

function showPerson(contact) {
  const { identities } = contact.customer
  const former = contact.history || []
  $('person').hidden = !identities.length && !former.length
  $('person-title').textContent = former.length ? `Customer: ${former.length} other contact${former.length === 1 ? '' : 's'}` : 'Customer'
  $('identities').replaceChildren(...identities.map((one) => el('li', {},
    `${one.channel} · ${readable(one.address) || 'this browser'} `,
    el('span', { className: `tag ${one.status}`, title: one.evidence }, one.status === 'verified' ? '✓ verified' : 'claimed'))))
  keyed($('former'), former, (one) => one.id,
    (one) => el('li', {}, el('button', { type: 'button', className: 'row', onclick: () => openContact(one.id, true) },
      el('span', { className: 'who' }), el('span', { className: 'what' }))),
    (item, one) => {
      const [name, about] = item.firstChild.children
      name.textContent = one.subject || `${one.channel} contact`
      about.textContent = [one.channel, spoken(one.state), time(one.opened_at)].join(' · ')
    })
}

// Where a reply goes; the agent may send it another way.
function showWay(contact) {
  const usual = contact.answer_by
  const to = usual ? usual.to.map((one) => readable(one)).filter(Boolean).join(', ') : ''
  const copied = usual ? usual.cc.map((one) => readable(one)).filter(Boolean).join(', ') : ''
  const elsewhere = usual && usual.channel !== contact.channel
  $('way').textContent = usual ? `By ${usual.channel}${to ? ` to ${to}` : ''}${copied ? `, copied to ${copied}` : ''}${elsewhere ? ': the customer has left' : ''}` : 'No address is known: say where to.'
  const channels = [...new Set([contact.channel, ...contact.customer.identities.map((one) => one.channel), ...[...state.contacts.values()].map((one) => one.channel)])]
  const chosen = $('by').value
  if ($('by').dataset.for !== contact.id) {
    $('other-way').open = false
    $('to').value = ''
  }
  $('by').replaceChildren(el('option', { value: '' }, 'the usual way'), ...channels.map((one) => el('option', { value: one }, one)))
  $('by').value = $('by').dataset.for === contact.id && channels.includes(chosen) ? chosen : ''
  $('by').dataset.for = contact.id
}

function time(at) {
  const moment = new Date(at)
  const today = moment.toDateString() === new Date(now()).toDateString()
  return moment.toLocaleString(undefined, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' })
}

const DELIVERY = { queued: 'on its way', sent: 'sent', delivered: 'delivered', read: 'read', failed: 'not delivered', unknown: 'delivery not known' }

function showLines(lines) {
  const box = $('transcript')
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40
  const before = box.childElementCount
  const why = new Map(lines.filter((line) => line.delivery === 'failed' && line.text).map((line) => [line.reply, line.text]))
  const shown = lines.filter((line) => line.kind !== 'receipt')
  const first = shown.find((line) => !happened(line))
  keyed(box, shown, (line) => line.id, lineNode, (node, line) => {
    const split = node.querySelector('.split')
    if (split) split.hidden = line === first // nothing would stay behind
    const delivery = node.querySelector('.delivery')
    const reason = line.delivery === 'failed' && why.has(line.id) ? `: ${readable(why.get(line.id))}` : ''
    const text = line.direction === 'out' ? (DELIVERY[line.delivery] || '') + reason : ''
    if (delivery.textContent !== text) delivery.textContent = text
    delivery.classList.toggle('failed', line.delivery === 'failed')
  })
  if (atEnd || before === 0) box.scrollTop = box.scrollHeight
}

const happened = (line) => line.kind === 'system' || (line.kind === 'call' && line.direction === 'in')

function lineNode(line) {
  const kind = line.kind === 'note' ? 'note' : happened(line) ? 'event' : line.kind === 'survey' ? 'in survey' : line.direction
  const name = readable(line.from.name) || { customer: 'Customer', agent: 'Agent', system: 'Frontline' }[line.from.role] || ''
  const head = el('p', { className: 'head' }, el('b', {}, name), el('time', { dateTime: line.at }, time(line.at)))
  if (line.kind !== 'message' && line.kind !== 'system') head.append(el('span', {}, line.kind === 'survey' ? 'how it was' : line.kind))
  else if (line.kind === 'message' && line.channel !== state.contacts.get(state.open)?.channel) head.append(el('span', {}, `by ${line.channel}`))
  head.append(el('span', { className: 'delivery' }))
  const text = line.reply_text || line.text
  const node = el('div', { className: `line ${kind}` }, head)
  node.append(el('div', { className: 'said' }, text || (line.html ? '' : '(nothing written)')))
  const files = el('div', { className: 'files' })
  if (line.reply_text && line.text && line.text.trim() !== line.reply_text.trim()) {
    files.append(toggle('With quotes', 'Without quotes', (on) => { node.querySelector('.said').textContent = on ? line.text : line.reply_text }))
  }
  if (line.html) files.append(toggle('Formatted', 'Plain text', (on) => frame(node, line, on)))
  for (const file of line.attachments) {
    files.append(el('button', { type: 'button', onclick: () => download(file.url, file.name) }, `↓ ${file.name} (${size(file.size)})`))
  }
  if (line.original) files.append(el('button', { type: 'button', onclick: () => download(line.original, `${line.id}.eml`) }, 'Original'))
  if (files.childElementCount) node.append(files)
  if (!happened(line)) {
    node.append(el('div', { className: 'parts' },
      el('button', { type: 'button', className: 'link split', onclick: () => askToPart(line, false) }, 'Split from here'),
      el('button', { type: 'button', className: 'link', onclick: () => askToPart(line, true) }, 'Move to …')))
  }
  if (!text && line.html) files.querySelector('button').click()
  return node
}

function toggle(on, off, act) {
  const button = el('button', { type: 'button', 'aria-pressed': 'false' }, on)
  button.onclick = () => {
    const pressed = button.getAttribute('aria-pressed') !== 'true'
    button.setAttribute('aria-pressed', String(pressed))
    button.textContent = pressed ? off : on
    act(pressed)
  }
  return button
}

function frame(node, line, on) {
  node.querySelector('iframe')?.remove()
  if (!on) return
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
  const page = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><base target="_blank">${line.html}`
  node.append(el('iframe', { title: 'The message as it was formatted', sandbox: '', srcdoc: page, referrerPolicy: 'no-referrer' }))
}

const size = (bytes) => bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`

async function download(url, name) {
  try {
    const response = await fetch(url, { headers: { Authorization: `Bearer ${state.token}` } })
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})))
    const link = el('a', { href: URL.createObjectURL(await response.blob()), download: name })
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60000)
  } catch (problem) {
    notice(problem.message)
  }
}

// Doing

async function openContact(id, focus) {
  keepDraft()
  state.open = id
  state.unread.delete(id)
  history.replaceState(null, '', `#${id}`)
  $('transcript').replaceChildren()
  $('composer-error').textContent = ''
  for (const row of document.querySelectorAll('.row')) row.setAttribute('aria-current', String(row.parentNode.dataset.key === id))
  fillDraft()
  const known = state.contacts.get(id)
  if (known) showContact(known)
  try {
    await readOpen()
    if (focus) $('subject').focus()
    look()
  } catch (problem) {
    if (problem.status === 404) closeContact()
    else if (problem.status !== 401) look(id)
  }
}

function closeContact() {
  state.open = ''
  history.replaceState(null, '', location.pathname)
  $('open').hidden = true
  $('nobody').hidden = false
}

async function answerOffer(offer, answer) {
  const mine = state.offers.some((open) => open.id === offer.id)
  if (!mine) return
  state.offers = state.offers.filter((open) => open.id !== offer.id)
  showOffers()
  try {
    await api('POST', `/api/offers/${encodeURIComponent(offer.id)}/${answer}`, { body: {}, key: `${answer}-${offer.id}` })
    if (answer === 'accept') await openContact(offer.contact, true)
  } catch (problem) {
    notice(problem.conflict ? `Somebody was faster. ${problem.message}` : problem.message)
  }
  look()
}

async function act(what) {
  if (!state.open) return
  const id = state.open
  try {
    await api('POST', `/api/contacts/${encodeURIComponent(id)}/${what}`, { body: {} })
    announce(what === 'resolve' ? 'Resolved.' : 'Reopened.')
  } catch (problem) {
    notice(problem.message)
  }
  look(id)
}

// It leaves this desk, and with it the page: what becomes of it is the other desk's to see.
async function handOn() {
  const id = state.open
  const desk = $('other-desk').selectedOptions[0]
  if (!id || !desk) return
  try {
    await api('POST', `/api/contacts/${encodeURIComponent(id)}/transfer`, { body: { desk: desk.value } })
    keepDraft()
    closeContact()
    announce(`Handed to ${desk.textContent}.`)
  } catch (problem) {
    notice(problem.message)
  }
  look()
}

// Splitting and moving are asked for once more, with the words that they are about.

function askToPart(line, moves) {
  const others = [...state.contacts.values()].filter((one) => one.id !== state.open && one.state !== 'closed')
  $('part-title').textContent = moves ? 'Move this message?' : 'Split from here?'
  $('part-what').textContent = moves ? 'It goes to the contact that you choose, and so does what the customer answers to it.'
    : 'This and everything after it becomes a contact of its own, and so does what the customer answers to it.'
  $('part-said').textContent = (line.reply_text || line.text).slice(0, 200)
  $('part-where').hidden = !moves
  $('part-to').replaceChildren(...others.map((one) => el('option', { value: one.id }, [who(one), what(one), time(one.opened_at)].join(' · '))))
  $('part-do').textContent = moves ? 'Move it' : 'Split'
  $('part-do').disabled = moves && !others.length
  $('part-error').textContent = moves && !others.length ? 'There is no other contact to move it to.' : ''
  const [contact, key] = [state.open, fresh()]
  $('part-form').onsubmit = (event) => {
    event.preventDefault()
    part(contact, line, moves ? $('part-to').value : '', key)
  }
  $('part').showModal()
}

async function part(id, line, to, key) {
  const path = `/api/contacts/${encodeURIComponent(id)}`
  $('part-do').disabled = true
  try {
    if (to) await api('POST', `${path}/messages/${encodeURIComponent(line.id)}/move`, { body: { to }, key })
    const made = to || (await api('POST', `${path}/split`, { body: { from_seq: line.seq }, key })).id
    $('part').close()
    announce(to ? 'Moved.' : 'Split.')
    if (to) notice('The message was moved.', el('button', { type: 'button', onclick: () => { notice(); openContact(made, true) } }, 'Open it'))
    else await openContact(made, true)
    look(id)
  } catch (problem) {
    $('part-error').textContent = problem.message
  }
  $('part-do').disabled = false
}

async function setAvailability(to) {
  try {
    await api('PUT', '/api/me/availability', { body: { state: to } })
    notice()
  } catch (problem) {
    notice(problem.message)
  }
  look()
}

const mode = () => document.querySelector('input[name=mode]:checked').value
const draftName = () => `frontline.draft.${state.open}.${mode()}`

// A draft has its key from its first letter on: sent again after a crash or a reload, it goes out once.
function keepDraft() {
  if (!state.open) return
  const text = $('text').value
  const kept = JSON.parse(sessionStorage.getItem(draftName()) || 'null')
  if (!text) sessionStorage.removeItem(draftName())
  else if (!kept || kept.text !== text) sessionStorage.setItem(draftName(), JSON.stringify({ text, key: fresh() }))
}

function fillDraft() {
  const kept = JSON.parse(sessionStorage.getItem(draftName()) || 'null')
  $('text').value = kept ? kept.text : ''
}

function fresh() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function chooseMode(which, focus) {
  keepDraft()
  document.querySelector(`input[name=mode][value=${which}]`).checked = true
  modeChosen()
  if (focus) $('text').focus()
}

function modeChosen() {
  const note = mode() === 'notes'
  $('composer').classList.toggle('note', note)
  $('send').textContent = note ? 'Add note' : 'Send reply'
  $('way-line').hidden = note
  $('text-label').textContent = note ? 'Note for colleagues' : 'Reply to the customer'
  fillDraft()
}

async function send() {
  const id = state.open
  const [name, kind] = [draftName(), mode()]
  if (!$('text').value.trim() || $('send').getAttribute('aria-disabled') === 'true') return
  keepDraft()
  const { text, key } = JSON.parse(sessionStorage.getItem(name))
  $('send').setAttribute('aria-disabled', 'true')
  $('composer-error').textContent = ''
  try {
    const way = kind === 'replies' && $('other-way').open
      ? { ...($('by').value ? { channel: $('by').value } : {}), ...($('to').value.trim() ? { to: $('to').value.trim() } : {}) } : {}
    await api('POST', `/api/contacts/${encodeURIComponent(id)}/${kind}`, { body: { text, ...way }, key })
    const kept = JSON.parse(sessionStorage.getItem(name) || 'null')
    if (kept && kept.key === key) sessionStorage.removeItem(name)
    if (state.open === id && mode() === kind && $('text').value === text) $('text').value = ''
    announce(kind === 'notes' ? 'Note added.' : 'Reply sent.')
  } catch (problem) {
    $('composer-error').textContent = problem.message
  }
  $('send').removeAttribute('aria-disabled')
  look(id)
}

// Keys

function move(step) {
  const rows = [...document.querySelectorAll('nav .row')]
  if (!rows.length) return
  const at = rows.findIndex((row) => row.parentNode.dataset.key === state.open)
  const next = rows[at < 0 ? 0 : (at + step + rows.length) % rows.length]
  next.focus()
  next.click()
}

const PRESSED = {
  a: () => state.offers[0] && answerOffer(state.offers[0], 'accept'),
  x: () => state.offers[0] && answerOffer(state.offers[0], 'reject'),
  j: () => move(1),
  k: () => move(-1),
  r: () => state.open && chooseMode('replies', true),
  n: () => state.open && chooseMode('notes', true),
  e: () => act($('reopen').hidden ? 'resolve' : 'reopen'),
  '?': () => $('keys').showModal(),
}

document.addEventListener('keydown', (event) => {
  if ($('desk').hidden || document.querySelector('dialog[open]')) return
  if (event.key === 'Escape' && event.target.matches('textarea')) return $('subject').focus()
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target === $('text')) return send()
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, textarea, select')) return
  if (localStorage.getItem(KEYS) === 'off' || !Object.hasOwn(PRESSED, event.key)) return
  event.preventDefault()
  PRESSED[event.key]()
})

$('login-form').onsubmit = async (event) => {
  event.preventDefault()
  $('login-error').textContent = ''
  try {
    await login($('token').value.trim())
    $('token').value = ''
  } catch (problem) {
    $('login-error').textContent = problem.status === 401 ? 'This token is not known.' : problem.message
  }
}
$('logout').onclick = () => logout()
$('show-keys').onclick = () => $('keys').showModal()
$('part-cancel').onclick = () => $('part').close()
$('keys-on').checked = localStorage.getItem(KEYS) !== 'off'
$('keys-on').onchange = () => localStorage.setItem(KEYS, $('keys-on').checked ? 'on' : 'off')
$('availability').onchange = () => setAvailability($('availability').value)
$('back').onclick = () => {
  const id = state.open
  keepDraft()
  closeContact()
  document.querySelector(`nav li[data-key="${CSS.escape(id)}"] .row`)?.focus()
}
$('hand-on').onsubmit = (event) => { event.preventDefault(); handOn() }
$('resolve').onclick = () => act('resolve')
$('reopen').onclick = () => act('reopen')
$('composer').onsubmit = (event) => { event.preventDefault(); send() }
$('text').oninput = keepDraft
for (const choice of document.querySelectorAll('input[name=mode]')) choice.onchange = modeChosen

setInterval(() => {
  for (const node of document.querySelectorAll('.clock')) if (node.clock) tellTime(node)
  for (const card of $('offers').children) tellOffer(card)
}, 500)

const telling = notifications({
  api,
  announce,
  me: () => state.me,
  mine: (id) => state.contacts.get(id)?.assignment?.agent === state.me,
  open: (id) => openContact(id, true),
})
state.open = decodeURIComponent(location.hash.slice(1))
if (state.open) fillDraft()
show()
