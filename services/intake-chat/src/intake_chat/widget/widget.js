/* Frontline chat: <script src="https://chat.example/widget.js" data-inbox="support"></script>
   One web component in a shadow root, no dependencies. The protocol is in docs/reference/chat-protocol.md. */
(() => {
  "use strict";
  if (customElements.get("frontline-chat")) return;

  const script = document.currentScript || document.querySelector('script[data-inbox][src*="widget.js"]');
  const SERVER = new URL((script && script.src) || location.href).origin;
  const MAX_FILES = 10;
  const ACK_SECONDS = 12;
  const HIDDEN_SECONDS = 25;
  const KEEP_DAYS = 7;

  // One table for all languages: the words of a key stand in the order of LANGUAGES.
  const LANGUAGES = ["en", "de", "fr", "es"];
  const WORDS = {
    open: ["Chat with us", "Chatten Sie mit uns", "Discuter avec nous", "Chatea con nosotros"],
    unread: ["{n} new", "{n} neu", "{n} nouveaux", "{n} nuevos"],
    close: ["Close chat", "Chat schließen", "Fermer la discussion", "Cerrar el chat"],
    title: ["Chat", "Chat", "Discussion", "Chat"],
    here: ["{people} here now", "{people} gerade da", "{people} en ligne", "{people} en línea"],
    and: ["and", "und", "et", "y"],
    more: ["{n} more", "{n} weitere", "{n} autres", "{n} más"],
    online: ["We are here", "Wir sind da", "Nous sommes là", "Estamos aquí"],
    soon: ["An answer takes less than a minute", "Antwort in weniger als einer Minute", "Réponse en moins d’une minute", "Respuesta en menos de un minuto"],
    wait: ["An answer takes {range}", "Antwort in {range}", "Réponse en {range}", "Respuesta en {range}"],
    minutes: ["{low} to {high} min", "{low} bis {high} Min.", "{low} à {high} min", "{low} a {high} min"],
    minute: ["about {low} min", "etwa {low} Min.", "environ {low} min", "unos {low} min"],
    away: ["Nobody is here right now", "Gerade ist niemand da", "Il n’y a personne pour le moment", "Ahora no hay nadie"],
    opens: ["Nobody is here right now. Back: {when}", "Gerade ist niemand da. Wieder da: {when}", "Il n’y a personne pour le moment. De retour : {when}", "Ahora no hay nadie. De vuelta: {when}"],
    leave: ["Leave your address and we answer by mail.", "Hinterlassen Sie Ihre Adresse, dann antworten wir per E-Mail.", "Laissez votre adresse et nous répondrons par e-mail.", "Deja tu dirección y respondemos por correo."],
    willmail: ["We answer to {address}, too.", "Wir antworten auch an {address}.", "Nous répondrons aussi à {address}.", "También respondemos a {address}."],
    name: ["Your name (optional)", "Ihr Name (freiwillig)", "Votre nom (facultatif)", "Tu nombre (opcional)"],
    mail: ["Your mail address", "Ihre E-Mail-Adresse", "Votre adresse e-mail", "Tu correo electrónico"],
    hello: ["Hello. How can we help?", "Guten Tag. Wie können wir helfen?", "Bonjour. Comment pouvons-nous aider ?", "Hola. ¿En qué podemos ayudar?"],
    placeholder: ["Write a message", "Nachricht schreiben", "Écrire un message", "Escribe un mensaje"],
    message: ["Message", "Nachricht", "Message", "Mensaje"],
    send: ["Send", "Senden", "Envoyer", "Enviar"],
    attach: ["Add a file", "Datei hinzufügen", "Ajouter un fichier", "Añadir un archivo"],
    remove: ["Remove {name}", "{name} entfernen", "Retirer {name}", "Quitar {name}"],
    log: ["Conversation", "Unterhaltung", "Conversation", "Conversación"],
    you: ["You", "Sie", "Vous", "Tú"],
    us: ["We", "Wir", "Nous", "Nosotros"],
    sending: ["Sending", "Wird gesendet", "Envoi en cours", "Enviando"],
    sent: ["Sent", "Gesendet", "Envoyé", "Enviado"],
    notsent: ["Not sent: {why}", "Nicht gesendet: {why}", "Non envoyé : {why}", "No enviado: {why}"],
    discard: ["Discard", "Verwerfen", "Supprimer", "Descartar"],
    position: ["You are number {n} in line", "Sie sind Nummer {n} in der Reihe", "Vous êtes numéro {n} dans la file", "Eres el número {n} en la cola"],
    assigned: ["{name} answers you", "{name} antwortet Ihnen", "{name} vous répond", "{name} te responde"],
    someone: ["Somebody answers you", "Jemand antwortet Ihnen", "Quelqu’un vous répond", "Alguien te responde"],
    resolved: ["This conversation is settled. Write again whenever you like.", "Dieses Gespräch ist abgeschlossen. Schreiben Sie gern wieder.", "Cette conversation est terminée. Écrivez-nous à nouveau quand vous voulez.", "Esta conversación ha terminado. Escribe de nuevo cuando quieras."],
    typing: ["{name} is writing", "{name} schreibt", "{name} écrit", "{name} está escribiendo"],
    connecting: ["Connecting", "Verbindung wird aufgebaut", "Connexion en cours", "Conectando"],
    offline: ["No connection. What you write is kept and sent later.", "Keine Verbindung. Was Sie schreiben, wird aufbewahrt und später gesendet.", "Pas de connexion. Vos messages sont gardés et envoyés plus tard.", "Sin conexión. Lo que escribas se guarda y se envía después."],
    refused: ["This chat can't be used here now. Please load the page again.", "Dieser Chat geht hier gerade nicht. Bitte laden Sie die Seite neu.", "Cette discussion n’est pas possible ici. Rechargez la page, s’il vous plaît.", "Este chat no se puede usar aquí ahora. Vuelve a cargar la página."],
    toolarge: ["{name} is too large.", "{name} ist zu groß.", "{name} est trop grand.", "{name} es demasiado grande."],
    filefailed: ["{name} could not be sent. Please try again.", "{name} konnte nicht gesendet werden. Bitte noch einmal versuchen.", "{name} n’a pas pu être envoyé. Réessayez, s’il vous plaît.", "No se pudo enviar {name}. Inténtalo de nuevo."],
    badmail: ["This is not a mail address.", "Das ist keine E-Mail-Adresse.", "Ce n’est pas une adresse e-mail.", "No es una dirección de correo."],
    uploading: ["Sending {name}", "{name} wird gesendet", "Envoi de {name}", "Enviando {name}"],
    busy: ["That was quick. One moment, please.", "Das ging schnell. Einen Moment bitte.", "C’était rapide. Un instant, s’il vous plaît.", "Eso fue rápido. Un momento, por favor."],
    rate: ["How did we do?", "Wie war es?", "Comment était-ce ?", "¿Qué tal lo hicimos?"],
    score: ["{n} of 5", "{n} von 5", "{n} sur 5", "{n} de 5"],
    worst: ["bad", "schlecht", "mauvais", "mal"],
    best: ["very good", "sehr gut", "très bien", "muy bien"],
    why: ["Anything to add? (optional)", "Möchten Sie etwas dazu sagen? (freiwillig)", "Quelque chose à ajouter ? (facultatif)", "¿Algo que añadir? (opcional)"],
    rated: ["Thank you.", "Vielen Dank.", "Merci.", "Gracias."],
    notnow: ["Not now", "Jetzt nicht", "Pas maintenant", "Ahora no"],
  };

  const CSS = `
:host{--a:var(--frontline-accent,#0b5d57);--on:var(--frontline-on-accent,#fff);--bg:#fff;--soft:#f2f5f4;--line:#d5dddb;--ink:#16211f;--dim:#52605d;--mine:#e0efec;--bad:#a3261b;--ok:#1f7a4d;--ring:#0b5d57;
all:initial;position:fixed;inset:auto 0 0 auto;z-index:2147483000;font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;color:var(--ink)}
:host([hidden]){display:none}
@media(prefers-color-scheme:dark){:host(:not([data-theme=light])){--a:var(--frontline-accent-dark,#7ed0c5);--on:var(--frontline-on-accent-dark,#06201d);--bg:#151b1a;--soft:#1e2625;--line:#36423f;--ink:#eef3f1;--dim:#a9b7b3;--mine:#1d3a36;--bad:#ff9d92;--ok:#6fd3a0;--ring:#7ed0c5}}
:host([data-theme=dark]){--a:var(--frontline-accent-dark,#7ed0c5);--on:var(--frontline-on-accent-dark,#06201d);--bg:#151b1a;--soft:#1e2625;--line:#36423f;--ink:#eef3f1;--dim:#a9b7b3;--mine:#1d3a36;--bad:#ff9d92;--ok:#6fd3a0;--ring:#7ed0c5}
*,*:before,*:after{box-sizing:border-box}
button,textarea,input{font:inherit;color:inherit;margin:0}
button{cursor:pointer;border:0;background:none;padding:0;min-width:44px;min-height:44px;display:grid;place-items:center;border-radius:12px}
:focus-visible{outline:2px solid var(--ring);outline-offset:2px}
svg{width:22px;height:22px;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round;display:block}
.launch{position:fixed;right:20px;bottom:20px;width:60px;height:60px;border-radius:30px;background:var(--a);color:var(--on);box-shadow:0 2px 6px #0003,0 8px 24px #0003}
.launch svg{width:27px;height:27px}
.launch:hover{filter:brightness(1.08)}
.badge{position:absolute;top:-3px;right:-3px;min-width:23px;height:23px;padding:0 6px;border-radius:12px;background:#b3261e;color:#fff;font-size:13px;font-weight:650;line-height:23px;border:2px solid var(--bg);box-sizing:content-box}
.panel{position:fixed;right:20px;bottom:92px;width:min(384px,calc(100vw - 40px));height:min(620px,calc(100dvh - 116px));display:flex;flex-direction:column;background:var(--bg);border:1px solid var(--line);border-radius:18px;box-shadow:0 12px 48px #0004;overflow:hidden;animation:up .18s ease-out}
[hidden]{display:none!important}
@keyframes up{from{opacity:0;transform:translateY(10px)}}
header{display:flex;align-items:center;gap:12px;padding:14px 10px 14px 18px;border-bottom:1px solid var(--line)}
header div.who{flex:1;min-width:0}
h2{font-size:17px;font-weight:650;margin:0;line-height:1.3}
header p span{display:block}
header p{margin:1px 0 0;font-size:13.5px;color:var(--dim);overflow-wrap:anywhere}
.faces{display:flex;padding-left:6px}
.faces>*{margin-left:-6px}
.face{width:34px;height:34px;border-radius:17px;background:var(--mine);color:var(--ink);border:2px solid var(--bg);object-fit:cover;display:grid;place-items:center;font-size:13px;font-weight:650}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:18px 16px 8px;display:flex;flex-direction:column;gap:4px;outline-offset:-3px}
.log>:first-child{margin-top:auto}
.hi{padding:0 4px 10px;margin-bottom:0;font-size:18px}
.m{max-width:85%;align-self:flex-start;margin-top:8px}
.m.f{margin-top:0}
.m.visitor{align-self:flex-end}
.m.system{align-self:center;text-align:center;color:var(--dim);font-size:14px}
.by{font-size:13px;color:var(--dim);margin:0 4px 3px}
.m.visitor .by,.m.f .by{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.b{background:var(--soft);border-radius:16px 16px 16px 5px;padding:9px 13px;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid transparent}
.m.visitor .b{background:var(--mine);border-radius:16px 16px 5px 16px}
.m.system .b{background:none;padding:2px}
.b a{color:inherit;text-underline-offset:2px}
.b a.file{display:flex;align-items:center;gap:8px;min-height:44px;font-size:15px}
.t{font-size:12.5px;color:var(--dim);margin:3px 6px 0;display:flex;gap:8px;align-items:center;justify-content:flex-start}
.m.visitor .t{justify-content:flex-end}
.t.bad{color:var(--bad)}
.t button{min-height:24px;min-width:24px;text-decoration:underline;padding:0 4px}
.status{min-height:22px;padding:2px 20px 6px;font-size:13.5px;color:var(--dim)}
.dots i{display:inline-block;width:5px;height:5px;border-radius:3px;background:currentColor;margin-left:3px;animation:dot 1.2s infinite}
.dots i:nth-child(2){animation-delay:.15s}.dots i:nth-child(3){animation-delay:.3s}
@keyframes dot{0%,60%,100%{opacity:.3}30%{opacity:1}}
form{border-top:1px solid var(--line);padding:10px 12px 12px}
.rate{padding:12px 18px;background:var(--soft)}
fieldset{border:0;margin:0;padding:0}
legend{font-weight:650;padding:0 0 8px}
.scores{display:grid;grid-template-columns:repeat(5,1fr);gap:6px}
.scores label{position:relative;display:block;cursor:pointer}
.scores input{position:absolute;opacity:0;inset:0;width:100%;height:100%;cursor:pointer}
.scores span{display:grid;place-items:center;min-height:44px;border:1px solid var(--dim);border-radius:12px;background:var(--bg);font-weight:650}
.scores input:checked+span{background:var(--a);color:var(--on);border-color:var(--a)}
.scores input:focus-visible+span{outline:2px solid var(--ring);outline-offset:2px}
.ends{display:flex;justify-content:space-between;font-size:13px;color:var(--dim);padding:4px 2px 0}
.more{display:grid;grid-template-columns:1fr auto;gap:6px;padding-top:8px}
.more label{grid-column:1/-1;font-size:13.5px}
.more input{min-width:0;height:44px;border:1px solid var(--dim);border-radius:10px;background:var(--bg);padding:0 12px;font-size:16px}
.go{background:var(--a);color:var(--on);padding:0 16px;font-weight:650}
.skip{font-size:13.5px;color:var(--dim);text-decoration:underline;min-height:32px;margin:4px auto -6px}
.leave{padding:2px 4px 10px;font-size:14px;color:var(--dim)}
.leave p{margin:0 0 8px;color:var(--ink)}
.leave label{display:block;font-size:13px;margin-top:6px}
.leave input{width:100%;height:44px;border:1px solid var(--dim);border-radius:10px;background:var(--bg);padding:0 12px;font-size:16px;color:var(--ink)}
.leave input[aria-invalid=true]{border-color:var(--bad)}
.err{color:var(--bad);font-size:13.5px;margin:6px 4px}
.chips{display:flex;flex-wrap:wrap;gap:6px}
.chip{display:flex;align-items:center;background:var(--soft);border-radius:10px;padding-left:12px;font-size:14px;max-width:100%;margin-bottom:8px}
.chip span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;max-width:220px}
.row{display:flex;align-items:flex-end;gap:4px;border:1px solid var(--dim);border-radius:16px;padding:2px;background:var(--bg)}
.row:focus-within{border-color:var(--ring);box-shadow:0 0 0 1px var(--ring)}
textarea{flex:1;min-width:0;border:0;background:none;resize:none;padding:11px 2px;max-height:132px;height:46px;outline:none;font-size:16px;line-height:1.45}
.row textarea:focus-visible{outline:none}
textarea::placeholder,input::placeholder{color:var(--dim);opacity:1}
.row button{color:var(--dim)}
.row button.send{background:var(--a);color:var(--on);border-radius:13px}
.row button.send[aria-disabled=true]{background:none;color:var(--dim)}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:520px){.panel{inset:0;width:100vw;height:100dvh;border:0;border-radius:0;padding-bottom:env(safe-area-inset-bottom)}:host([data-open]) .launch{display:none}.launch{right:16px;bottom:16px}}
@media(max-height:440px){.panel{bottom:12px;height:calc(100dvh - 24px)}:host([data-open]) .launch{display:none}}
@media(prefers-reduced-motion:reduce){*{animation:none!important}}
@media(forced-colors:active){.b,.launch,.row button.send{border:1px solid}}
`;

  const ICONS = {
    chat: "M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3 21l2-5.6A8.4 8.4 0 1 1 21 11.5z",
    close: "M6 6l12 12M18 6L6 18",
    down: "M6 9l6 6 6-6",
    send: "M5 12h13M12 5l7 7-7 7",
    clip: "M20 11.5l-8.6 8.6a5.3 5.3 0 0 1-7.5-7.5l8.7-8.7a3.6 3.6 0 0 1 5 5l-8.6 8.7a1.8 1.8 0 0 1-2.6-2.5l7.9-7.9",
    file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5",
  };

  // h("p.dim", {title: "…"}, child, …): an element, built so that no policy of the page stands against it.
  const h = (what, props, ...children) => {
    const [tag, ...classes] = what.split(".");
    const made = document.createElement(tag);
    if (classes.length) made.className = classes.join(" ");
    for (const [name, value] of Object.entries(props || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  };
  const minutes = (duration) => {
    const found = /^P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(duration || "");
    return found ? (+found[1] || 0) * 1440 + (+found[2] || 0) * 60 + (+found[3] || 0) + (+found[4] || 0) / 60 : null;
  };
  const visitorOf = (token) => (token || "").split(".")[1] || "";
  const subjectOf = (jwt) => {
    try {
      const bytes = Uint8Array.from(atob(jwt.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
      return String(JSON.parse(new TextDecoder().decode(bytes)).sub);
    } catch {
      return "?";
    }
  };
  const uuid = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16)); // pages without TLS have no randomUUID
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

  // What survives the page: by inbox and, for people whom the page names, by person. Nobody sends another's words.
  class Store {
    constructor(inbox, identity) {
      this.key = `frontline ${SERVER} ${inbox} ${identity ? "id " + subjectOf(identity) : ""}`;
      this.memory = {};
    }
    get all() {
      try {
        const found = JSON.parse(localStorage.getItem(this.key) || "{}");
        return found && typeof found === "object" ? found : {};
      } catch {
        return this.memory; // no storage here, or full of something else: this page only
      }
    }
    set(change) {
      const next = { ...this.all, ...change };
      this.memory = next;
      try {
        localStorage.setItem(this.key, JSON.stringify(next));
      } catch {
        /* kept in memory */
      }
    }
    get outbox() {
      const young = Date.now() - KEEP_DAYS * 864e5;
      return (this.all.outbox || []).filter((entry) => entry.at > young);
    }
    put(entry) {
      this.set({ outbox: [...this.outbox.filter((one) => one.id !== entry.id), entry] });
    }
    drop(id) {
      this.set({ outbox: this.outbox.filter((one) => one.id !== id) });
    }
  }

  class FrontlineChat extends HTMLElement {

    constructor() {
      super();
      this.root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      this.root.adoptedStyleSheets = [sheet];
      this.jwt = "";
      this.begin();
    }

    begin() {
      this.cursor = this.tries = this.unread = this.seen = this.lastHidden = 0;
      this.items = new Map();
      this.files = [];
      this.presence = this.state = this.notice = null;
      this.hasContact = this.welcomed = this.stopped = false;
    }

    connectedCallback() {
      if (this.built) return this.resume();
      this.built = true;
      this.build();
      this.start();
      addEventListener("storage", (event) => event.key === this.store.key && this.otherTab());
      addEventListener("online", () => this.hurry());
      addEventListener("pageshow", (event) => event.persisted && this.hurry());
      document.addEventListener("visibilitychange", () => this.visibility());
    }

    disconnectedCallback() {
      this.stopped = true;
      this.hangUp();
    }

    resume() {
      this.stopped = false;
      this.start();
    }

    get inbox() {
      return this.dataset.inbox || "support";
    }

    // A JWT of the page for who is signed in here, "" for nobody. Another person is another visitor.
    set identity(jwt) {
      if (jwt === this.jwt) return;
      this.jwt = jwt || "";
      if (!this.built) return;
      this.hangUp();
      this.begin();
      this.clear();
      this.start();
    }

    clear() {
      for (const node of [...this.log.querySelectorAll(".m")]) node.remove();
    }

    get identity() {
      return this.jwt;
    }

    start() {
      this.store = new Store(this.inbox, this.jwt);
      const kept = this.store.all;
      this.seen = kept.read || 0;
      for (const entry of this.store.outbox) this.showOwn(entry);
      if (kept.name) this.nameInput.value = kept.name;
      if (kept.mail) this.mailInput.value = kept.mail;
      this.paint();
      if (this.isOpen || kept.contact || this.store.outbox.length) this.connect();
      if (kept.open && innerWidth > 520) this.open(false);
    }

    w(key, values) {
      return WORDS[key][this.words].replace(/\{(\w+)\}/g, (_, name) => (values || {})[name]);
    }

    // ------------------------------------------------------------------ the page's part

    build() {
      const wanted = [this.dataset.lang, document.documentElement.lang, ...(navigator.languages || [])];
      this.lang = wanted.map((one) => (one || "").slice(0, 2).toLowerCase()).find((one) => LANGUAGES.includes(one)) || "en";
      this.words = LANGUAGES.indexOf(this.lang);
      this.launch = h("button.launch", { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => this.toggle() }, icon("chat"));
      this.badge = h("span.badge", { hidden: true, "aria-hidden": "true" });
      this.launch.append(this.badge);
      this.faces = h("div.faces", { "aria-hidden": "true" });
      this.line = h("p");
      this.log = h("div.log", { role: "log", "aria-live": "polite", "aria-label": this.w("log"), tabindex: "0" }, h("p.hi", {}, this.dataset.greeting || this.w("hello")));
      this.status = h("div.status", { role: "status" });
      this.nameInput = h("input", { type: "text", autocomplete: "name", maxlength: "200", id: "n" });
      this.mailInput = h("input", { type: "email", autocomplete: "email", maxlength: "320", id: "e", "aria-describedby": "x" });
      this.leave = h("div.leave", { hidden: true },
        h("p", {}, this.w("leave")),
        h("label", { for: "e" }, this.w("mail")), this.mailInput,
        h("label", { for: "n" }, this.w("name")), this.nameInput);
      this.rating = h("form.rate", { hidden: true, onsubmit: (event) => { event.preventDefault(); this.rate(); } },
        h("fieldset", {}, h("legend", {}, this.w("rate")),
          h("div.scores", {}, ...[1, 2, 3, 4, 5].map((n) => h("label", {},
            h("input", { type: "radio", name: "score", value: n, "aria-label": this.w("score", { n }), onchange: () => { this.more.hidden = false; } }), h("span", { "aria-hidden": "true" }, n)))),
          h("div.ends", { "aria-hidden": "true" }, h("span", {}, this.w("worst")), h("span", {}, this.w("best")))),
        (this.more = h("div.more", { hidden: true }, h("label", { for: "y" }, this.w("why")),
          (this.why = h("input", { type: "text", id: "y", maxlength: "2000" })), h("button.go", { type: "submit" }, this.w("send")))),
        h("button.skip", { type: "button", onclick: () => this.asked() }, this.w("notnow")));
      this.error = h("p.err", { id: "x", role: "alert", hidden: true });
      this.chips = h("div.chips");
      this.text = h("textarea", { rows: "1", placeholder: this.w("placeholder"), "aria-label": this.w("message"), maxlength: "8000",
        onkeydown: (event) => this.key(event), oninput: () => this.typed() });
      this.picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-label": this.w("attach"), onchange: () => this.picked() });
      this.sender = h("button.send", { type: "submit", "aria-label": this.w("send"), "aria-disabled": "true" }, icon("send"));
      this.form = h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.submit(); } },
        this.leave, this.error, this.chips,
        h("div.row", {}, h("button", { type: "button", "aria-label": this.w("attach"), onclick: () => this.picker.click() }, icon("clip")), this.picker, this.text, this.sender));
      this.panel = h("section.panel", { role: "dialog", "aria-labelledby": "h", lang: this.lang, hidden: true, onkeydown: (event) => this.escape(event) },
        h("header", {}, this.faces, h("div.who", {}, h("h2", { id: "h" }, this.dataset.title || this.w("title")), this.line),
          h("button", { type: "button", "aria-label": this.w("close"), onclick: () => this.close() }, icon("down"))),
        this.log, this.status, this.rating, this.form);
      this.root.append(this.launch, this.panel);
    }

    get isOpen() {
      return this.hasAttribute("data-open");
    }

    toggle() {
      if (this.isOpen) this.close();
      else this.open();
    }

    open(focus = true) {
      this.setAttribute("data-open", "");
      this.panel.hidden = false;
      this.store.set({ open: true });
      if (!this.socket) this.connect();
      this.paint();
      this.toEnd(true);
      if (focus) this.text.focus();
      this.markRead();
      this.dispatchEvent(new CustomEvent("frontline:open", { bubbles: true, composed: true }));
    }

    close() {
      this.removeAttribute("data-open");
      this.panel.hidden = true;
      this.store.set({ open: false });
      this.paint();
      this.launch.focus();
    }

    escape(event) {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      } else if (event.key === "Tab" && innerWidth <= 520) {
        // Over the whole screen nothing behind may take the focus.
        const stops = [...this.panel.querySelectorAll("button,a,textarea,input,[tabindex='0']")].filter((one) => one.offsetParent !== null);
        const now = this.root.activeElement;
        const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
        if (now === edge) {
          event.preventDefault();
          (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
        }
      }
    }

    key(event) {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    }

    typed() {
      this.text.style.height = "46px";
      this.text.style.height = `${Math.min(this.text.scrollHeight, 132)}px`;
      this.ready();
      const now = Date.now();
      if (this.text.value && now - (this.lastTyped || 0) > 3000) {
        this.lastTyped = now;
        this.send({ type: "typing" });
      }
    }

    ready() {
      this.sender.setAttribute("aria-disabled", String(!this.text.value.trim() && !this.files.length));
    }

    say(problem) {
      this.error.textContent = problem || "";
      this.error.hidden = !problem;
    }

    picked() {
      for (const file of this.picker.files) if (this.files.length < MAX_FILES) this.files.push(file);
      this.picker.value = "";
      this.paintFiles();
      this.text.focus();
    }

    paintFiles() {
      this.chips.replaceChildren(...this.files.map((file) =>
        h("div.chip", {}, h("span", {}, file.name),
          h("button", { type: "button", "aria-label": this.w("remove", { name: file.name }), onclick: () => {
            this.files = this.files.filter((one) => one !== file);
            this.paintFiles();
            this.text.focus();
          } }, icon("close")))));
      this.ready();
    }

    async submit() {
      const text = this.text.value.trim();
      if ((!text && !this.files.length) || this.uploading) return;
      const asked = !this.leave.hidden;
      const mail = this.mailInput.value.trim();
      if (asked && mail && !/^[^\s@<>,;"']+@[^\s@<>,;"']+\.[^\s@<>,;"']+$/.test(mail)) {
        this.mailInput.setAttribute("aria-invalid", "true");
        this.say(this.w("badmail"));
        this.mailInput.focus();
        return;
      }
      this.mailInput.removeAttribute("aria-invalid");
      this.say("");
      const entry = { id: uuid(), text, at: Date.now(), attachments: [] };
      const name = this.nameInput.value.trim();
      if (name) entry.name = name;
      if (mail) entry.reply_to = mail;
      if (asked) this.store.set({ name, mail });
      if (this.files.length && !(await this.upload(entry))) return;
      this.text.value = "";
      this.text.style.height = "46px";
      this.ready();
      this.store.put(entry);
      this.showOwn(entry);
      this.toEnd(true);
      this.paint();
      if (!this.socket) this.connect();
      this.sendEntry(entry);
      this.text.focus();
    }

    // Files go ahead of the message that names them; one that fails keeps everything in the composer.
    async upload(entry) {
      this.uploading = true;
      try {
        for (const [index, file] of this.files.entries()) {
          this.notice = this.w("uploading", { name: file.name });
          this.paint();
          const query = new URLSearchParams({ message: entry.id, n: index + 1, name: file.name });
          const answer = await fetch(`${SERVER}/chat/files?${query}`, {
            method: "POST", body: file, referrerPolicy: "no-referrer",
            headers: { Authorization: `Bearer ${this.token || this.store.all.token || ""}`, "Content-Type": file.type || "application/octet-stream" },
          }).catch(() => null);
          if (!answer || !answer.ok) {
            this.say(this.w(answer && answer.status === 413 ? "toolarge" : "filefailed", { name: file.name }));
            return false;
          }
          const { ref, name, size: bytes } = await answer.json();
          entry.attachments.push({ ref, name, size: bytes });
        }
        this.files = [];
        this.paintFiles();
        return true;
      } finally {
        this.uploading = false;
        this.notice = null;
        this.paint();
      }
    }

    // ------------------------------------------------------------------ the conversation

    showOwn(entry) {
      if (this.items.has(entry.id)) return;
      const node = this.bubble({ id: entry.id, role: "visitor", name: "", text: entry.text, attachments: entry.attachments || [] });
      node.pending = true;
      this.items.set(entry.id, node);
      this.log.append(node);
      this.mark(node, entry.acked ? this.w("sent") : this.w("sending"));
    }

    bubble({ role, name, text, attachments }) {
      const who = role === "visitor" ? this.w("you") : role === "agent" ? name || this.w("us") : "";
      const body = h("div.b");
      const links = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;
      let from = 0;
      for (const found of text.matchAll(links)) {
        body.append(text.slice(from, found.index), h("a", { href: found[0], target: "_blank", rel: "noopener noreferrer nofollow" }, found[0]));
        from = found.index + found[0].length;
      }
      body.append(text.slice(from));
      for (const file of attachments) {
        const label = `${file.name} (${size(file.size)})`;
        body.append(file.url
          ? h("a.file", { href: new URL(file.url, SERVER).href, target: "_blank", rel: "noopener noreferrer", download: file.name }, icon("file"), label)
          : h("div", {}, label));
      }
      const node = h(`div.m.${role}`, {}, h("div.by", {}, who), body, h("div.t", { hidden: true }));
      const last = this.log.lastElementChild;
      if (last && last.who === role + name) node.classList.add("f");
      node.who = role + name;
      return node;
    }

    mark(node, text, bad, action) {
      const line = node.querySelector(".t");
      line.hidden = !text;
      line.classList.toggle("bad", !!bad);
      line.replaceChildren(text || "", ...(action ? [action] : []));
    }

    message(frame) {
      if (frame.seq > this.cursor) this.cursor = frame.seq;
      this.gotContact();
      const old = this.items.get(frame.id);
      if (old && !old.pending) return;
      const stay = this.atEnd();
      const role = frame.from.role;
      if (old) old.remove();
      const firstPending = [...this.log.children].find((child) => child.pending);
      const node = this.bubble({ role, name: frame.from.name || "", text: frame.text, attachments: frame.attachments });
      const before = firstPending ? firstPending.previousElementSibling : this.log.lastElementChild;
      node.classList.toggle("f", !!before && before.who === node.who);
      this.log.insertBefore(node, firstPending || null);
      node.seq = frame.seq;
      this.items.set(frame.id, node);
      const time = new Date(frame.at).toLocaleTimeString(this.lang, { hour: "2-digit", minute: "2-digit" });
      if (before && before.who === node.who && before.classList.contains("m")) this.mark(before, "");
      this.mark(node, time);
      if (role === "visitor") this.store.drop(frame.id);
      else {
        this.typingUntil = 0;
        if (frame.seq > this.seen) this.unread += 1;
      }
      if (stay || role === "visitor") this.toEnd(true);
      this.markRead();
      this.paint();
    }

    gotContact() {
      if (this.hasContact) return;
      this.hasContact = true;
      this.store.set({ contact: true });
    }

    markRead() {
      if (!this.isOpen || document.visibilityState !== "visible" || this.cursor <= this.seen) return;
      this.seen = this.cursor;
      this.unread = 0;
      this.store.set({ read: this.seen });
      this.send({ type: "read", seq: this.seen });
      this.paint();
    }

    readElsewhere(seq) {
      if (seq <= this.seen) return;
      this.seen = seq;
      if (seq >= this.cursor) this.unread = 0;
      this.store.set({ read: seq });
      this.paint();
    }

    atEnd() {
      return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    }

    toEnd(now) {
      if (now) this.log.scrollTop = this.log.scrollHeight;
    }

    paint() {
      const words = this.unread ? ` (${this.w("unread", { n: this.unread })})` : "";
      this.launch.setAttribute("aria-label", this.isOpen ? this.w("close") : this.w("open") + words);
      this.launch.setAttribute("aria-expanded", String(this.isOpen));
      this.launch.replaceChildren(icon(this.isOpen ? "down" : "chat"), this.badge);
      this.badge.hidden = !this.unread || this.isOpen;
      this.badge.textContent = this.unread > 99 ? "99+" : this.unread;
      this.paintPresence();
      this.paintRating();
      const status = this.statusLine();
      if (this.status.said !== status) {
        this.status.said = status;
        const typing = this.typingUntil > Date.now();
        this.status.replaceChildren(status, ...(typing ? [h("span.dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i"))] : []));
      }
    }

    paintPresence() {
      const there = this.presence;
      const online = there && there.online;
      const agent = this.state && this.state.state === "assigned" && this.state.agent;
      const people = agent ? [agent] : online ? there.people : [];
      this.faces.replaceChildren(...people.slice(0, 3).map((one) => this.face(one)));
      this.faces.hidden = !people.length;
      let line = "", wait = "";
      if (agent) line = this.w("assigned", { name: agent.name });
      else if (online) {
        const names = people.slice(0, 2).map((one) => one.name);
        if (people.length > 2) names.push(this.w("more", { n: people.length - 2 }));
        const last = names.pop();
        const list = names.length ? `${names.join(", ")} ${this.w("and")} ${last}` : last;
        line = list ? this.w("here", { people: list }) : this.w("online");
        if (there.wait && !(this.state && this.state.position)) wait = this.range(there.wait, true); // else the place in line says it
      } else if (there) line = there.opens_at ? this.w("opens", { when: this.when(there.opens_at) }) : this.w("away");
      this.line.replaceChildren(...[line, wait].filter(Boolean).map((part) => h("span", {}, part)));
      const kept = this.store.all;
      this.leave.hidden = !there || online || !!agent || !!(this.jwt && there) || !!(kept.mail && this.store.outbox.length + this.items.size > 0);
    }

    face(one) {
      const words = one.name.trim().split(/\s+/);
      const initials = [words[0], ...words.slice(1).slice(-1)].map((word) => [...word][0] || "").join("").toUpperCase();
      const plain = () => h("span.face", {}, initials);
      if (!/^(https?:\/\/|\/)/.test(one.picture || "")) return plain();
      const picture = h("img.face", { src: new URL(one.picture, SERVER).href, alt: "", referrerpolicy: "no-referrer" });
      picture.addEventListener("error", () => picture.replaceWith(plain()));
      return picture;
    }

    range(wait, sentence) {
      const low = Math.floor(minutes(wait.low) || 0), high = Math.ceil(minutes(wait.high) || 0);
      if (high <= 1) return this.w("soon");
      const range = low >= high ? this.w("minute", { low: high }) : this.w("minutes", { low: Math.max(low, 1), high });
      return sentence ? this.w("wait", { range }) : range;
    }

    when(instant) {
      const at = new Date(instant), day = at.toDateString() !== new Date().toDateString();
      return at.toLocaleString(this.lang, { ...(day ? { weekday: "long" } : {}), hour: "2-digit", minute: "2-digit" });
    }

    statusLine() {
      if (this.notice) return this.notice;
      if (this.refused) return this.w("refused");
      if (!this.welcomed) return this.isOpen ? this.w(this.tries > 1 ? "offline" : "connecting") : "";
      const state = this.state, kept = this.store.all;
      if (this.typingUntil > Date.now()) return this.w("typing", { name: (state && state.agent && state.agent.name) || this.w("us") });
      if (state && (state.state === "waiting" || state.state === "offered")) {
        const parts = [];
        if (state.position) parts.push(this.w("position", { n: state.position }));
        if (state.low && state.high) parts.push(this.range(state, true));
        return parts.join(". ");
      }
      if (state && state.state === "assigned") return state.agent ? "" : this.w("someone");
      if (state && (state.state === "resolved" || state.state === "closed")) return this.w("resolved");
      if (this.presence && !this.presence.online && kept.mail && this.items.size) return this.w("willmail", { address: kept.mail });
      return "";
    }

    // Asked once for each time that a conversation is settled, and by no means twice about the same words.
    paintRating() {
      const last = [...this.log.querySelectorAll(".m.visitor")].filter((node) => !node.pending).pop();
      const settled = this.state && (this.state.state === "resolved" || this.state.state === "closed");
      this.about = last && last.seq;
      const stay = this.atEnd(), before = this.rating.hidden;
      this.rating.hidden = !(settled && this.about && this.welcomed && (this.store.all.rated || 0) < this.about);
      if (stay && before !== this.rating.hidden) this.toEnd(true);
    }

    asked(thanks) {
      const inside = this.rating.contains(this.root.activeElement);
      this.store.set({ rated: this.about });
      if (thanks) this.notice = this.w("rated");
      this.rating.reset();
      this.more.hidden = true;
      this.paint();
      if (inside) this.text.focus();
      if (thanks) setTimeout(() => { this.notice = null; this.paint(); }, 6000);
    }

    rate() {
      const chosen = this.rating.querySelector("input:checked");
      if (!chosen || !this.welcomed) return;
      const frame = { type: "survey", score: +chosen.value };
      if (this.why.value.trim()) frame.text = this.why.value.trim();
      this.send(frame);
    }

    // ------------------------------------------------------------------ the socket

    connect() {
      clearTimeout(this.retry);
      if (this.socket || this.stopped || this.refused) return;
      this.welcomed = false;
      const kept = this.store.all;
      this.token = this.jwt ? "" : kept.token || "";
      const socket = (this.socket = new WebSocket(`${SERVER.replace(/^http/, "ws")}/chat/ws`));
      socket.onopen = () => {
        const hello = { type: "hello", v: 1, inbox: this.inbox, page: location.origin + location.pathname, language: this.lang };
        if (this.cursor) hello.cursor = this.cursor;
        if (this.jwt) hello.identity = this.jwt;
        else if (this.token) hello.token = this.token;
        socket.send(JSON.stringify(hello));
      };
      socket.onmessage = (event) => socket === this.socket && this.take(JSON.parse(event.data));
      socket.onclose = (event) => socket === this.socket && this.lost(event);
      this.deadline = setTimeout(() => socket === this.socket && !this.welcomed && this.again(), ACK_SECONDS * 1000);
      this.paint();
    }

    hangUp() {
      const socket = this.socket;
      this.socket = null;
      this.welcomed = false;
      clearTimeout(this.deadline);
      clearTimeout(this.retry);
      if (socket) socket.close();
    }

    again() {
      this.hangUp();
      this.later();
    }

    lost(event) {
      this.socket = null;
      this.welcomed = false;
      clearTimeout(this.deadline);
      if (event.code === 1000) return;
      if (this.lastError === "token_refused") {
        this.store.set({ token: "", contact: false });
        this.hasContact = false;
      } else if (this.lastError === "identity_refused" || this.lastError === "unknown_inbox") {
        this.refused = true;
        this.dispatchEvent(new CustomEvent("frontline:refused", { bubbles: true, composed: true, detail: this.lastError }));
      }
      this.lastError = "";
      this.later(event.code === 1012);
    }

    // Not all at once: after a restart everybody comes back.
    later(soon) {
      this.tries += 1;
      const pause = soon ? 1 : Math.min(30, 0.5 * 2 ** this.tries);
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.connect(), pause * 1000 * (0.4 + 0.6 * Math.random()));
      this.paint();
    }

    hurry() {
      if (!this.socket && this.retry && !this.stopped) this.connect();
    }

    // A phone that slept keeps a dead socket without a word: after a while in the background start anew.
    visibility() {
      if (document.visibilityState === "hidden") {
        this.lastHidden = Date.now();
        return;
      }
      if (this.socket && Date.now() - this.lastHidden > HIDDEN_SECONDS * 1000) {
        this.hangUp();
        this.connect();
      } else this.hurry();
      this.markRead();
    }

    otherTab() {
      const kept = this.store.all;
      if (!this.jwt && kept.token && this.token && visitorOf(kept.token) !== visitorOf(this.token)) {
        this.hangUp(); // one browser is one visitor, whichever tab was first
        this.connect();
      } else if (kept.contact && !this.hasContact && this.welcomed) {
        this.send({ type: "read", seq: 0 });
      } else if (kept.contact && !this.socket && !this.retry) this.connect();
      for (const entry of this.store.outbox) this.showOwn(entry);
      this.readElsewhere(kept.read || 0);
    }

    send(frame) {
      if (this.welcomed && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
    }

    sendEntry(entry) {
      if (!this.welcomed) return;
      const frame = { type: "message", id: entry.id, text: entry.text };
      if (entry.attachments && entry.attachments.length) frame.attachments = entry.attachments.map(({ ref }) => ({ ref }));
      if (entry.name) frame.name = entry.name;
      if (entry.reply_to) frame.reply_to = entry.reply_to;
      this.send(frame);
      const socket = this.socket;
      setTimeout(() => {
        const still = this.store.outbox.find((one) => one.id === entry.id && !one.acked && !one.failed);
        if (still && socket === this.socket && this.welcomed) this.again(); // a socket that swallows words is dead
      }, ACK_SECONDS * 1000);
    }

    take(frame) {
      if (frame.type === "welcome") this.welcome(frame);
      else if (frame.type === "message") this.message(frame);
      else if (frame.type === "ack") this.acked(frame);
      else if (frame.type === "error") this.failed(frame);
      else if (frame.type === "read") this.readElsewhere(frame.seq);
      else if (frame.type === "typing") {
        this.typingUntil = Date.now() + 6000;
        setTimeout(() => this.paint(), 6100);
        this.paint();
      } else if (frame.type === "presence" || frame.type === "state") {
        this[frame.type] = frame;
        if (frame.state === "erased") { // the socket ends behind this, and the next one is somebody new
          this.begin();
          this.clear();
        }
        this.paint();
      }
    }

    welcome(frame) {
      clearTimeout(this.deadline);
      const kept = this.store.all;
      if (!this.jwt && !this.token && kept.token && visitorOf(kept.token) !== visitorOf(frame.token)) {
        this.hangUp(); // another tab was welcomed at the same moment, and first
        this.connect();
        return;
      }
      this.welcomed = true;
      this.tries = 0;
      this.token = frame.token;
      this.store.set(this.jwt ? {} : { token: frame.token });
      if (frame.contact) this.gotContact();
      this.presence = frame.presence;
      for (const entry of this.store.outbox) if (!entry.acked && !entry.failed) this.sendEntry(entry);
      this.paint();
    }

    acked(frame) {
      if (frame.id === "survey") return this.asked(true);
      const entry = this.store.outbox.find((one) => one.id === frame.id);
      if (entry) this.store.put({ ...entry, acked: true });
      this.gotContact();
      const node = this.items.get(frame.id);
      if (node && node.pending) this.mark(node, this.w("sent"));
    }

    failed(frame) {
      this.lastError = frame.code;
      const entry = frame.id && this.store.outbox.find((one) => one.id === frame.id);
      if (!entry) return;
      if (frame.retry_after != null) {
        if (frame.code === "too_many") setTimeout(() => this.sendEntry(entry), frame.retry_after * 1000 + 200 * Math.random());
        this.notice = frame.code === "too_many" ? this.w("busy") : null;
        setTimeout(() => { this.notice = null; this.paint(); }, frame.retry_after * 1000);
        this.paint();
        return;
      }
      this.store.put({ ...entry, failed: true });
      const node = this.items.get(frame.id);
      const discard = h("button", { type: "button", onclick: () => {
        this.store.drop(frame.id);
        this.items.delete(frame.id);
        node.remove();
        this.text.focus();
      } }, this.w("discard"));
      if (node) this.mark(node, this.w("notsent", { why: frame.detail }), true, discard);
    }
  }

  customElements.define("frontline-chat", FrontlineChat);

  const mount = () => {
    if (!script || document.querySelector("frontline-chat")) return;
    const chat = document.createElement("frontline-chat");
    for (const name of ["inbox", "lang", "title", "theme", "greeting"]) if (script.dataset[name]) chat.dataset[name] = script.dataset[name];
    if (script.dataset.identity) chat.identity = script.dataset.identity;
    document.body.append(chat);
  };
  if (document.body) mount();
  else addEventListener("DOMContentLoaded", mount);
})();
