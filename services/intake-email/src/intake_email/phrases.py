"""What mail programs write around a quoted or forwarded mail, by language. Data only.

Taken from the programs themselves (Outlook, Gmail, Apple Mail, Thunderbird, Yahoo, phones). Where a form can be
told without its words - an address, a time and a colon - `quote.py` does not look in here.
"""

import re

FROM = "from"
SENT = "sent"
OTHER = "other"


def _words(said: str) -> frozenset[str]:
    return frozenset(said.split("|"))


def _labels(role: str, words: str) -> dict[str, str]:
    return dict.fromkeys((word.strip() for word in words.split("|")), role)


LABELS: dict[str, str] = {
    **_labels(OTHER, "to|an|à|para|a|aan|till|til|vastaanottaja|do|komu|címzett|către|catre|кому|до|προς|kime|alıcı|"
              "收件人|收件者|宛先|받는 사람|받는사람|إلى|אל|đến|tới|người nhận|kepada|ถึง|za|per a|saaja|kam|cc|"
              "kopie|kopi|copie|copia|cópia|kópia|kopia|másolat|копия|копія|抄送|副本|참조|subject|betreff|objet|"
              "asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|tárgy|subiect|тема|относно|θέμα|konu|"
              "主题|主旨|件名|제목|الموضوع|נושא|chủ đề|tiêu đề|perihal|subjek|เรื่อง|zadeva|assumpte|teema|tēma|tema"),
    **_labels(SENT, "sent|date|sent on|gesendet|datum|gesendet am|envoyé|date d'envoi|fecha|enviado|enviado el|"
              "fecha de envío|inviato|data|data invio|enviada|enviada em|enviado em|verzonden|verzonden op|skickat|sendt|dato|"
              "lähetetty|päivämäärä|päiväys|wysłano|wysłane|data wysłania|odesláno|odoslané|dátum|elküldve|küldve|trimis|"
              "отправлено|дата|надіслано|изпратено|στάλθηκε|αποστολή|ημερομηνία|gönderildi|gönderme tarihi|tarih|发送时间|"
              "日期|发送日期|寄件日期|傳送日期|已傳送|已傳送時間|送信日時|送信日|日時|日付|보낸 날짜|보낸날짜|날짜|تم الإرسال|"
              "تاريخ الإرسال|التاريخ|נשלח|תאריך|đã gửi|ngày|ngày gửi|dikirim|tanggal|ส่ง|วันที่|poslano|poslato|послато|enviat|"
              "saadetud|kuupäev|nosūtīts|datums|išsiųsta|भेजा गया|दिनांक"),
    **_labels(FROM, "from|von|de|da|van|från|fra|lähettäjä|od|feladó|de la|от|от кого|від|από|kimden|gönderen|发件人|寄件人|"
              "寄件者|差出人|送信者|보낸 사람|보낸사람|من|מאת|từ|người gửi|dari|จาก|saatja|nuo|од|प्रेषक"),
}  # fmt: skip
"""The labels of a quoted mail's own header, in lower case, with what they name."""

WROTE = _words(
    "wrote|writes|schrieb|schreibt|écrit|écrivait|escribió|escribio|scritto|scrisse|schreef|schrijft|escreveu|"
    "skrev|kirjoitti|napisał|napisała|pisze|napsal|napsala|napísal|napísala|napisao|napisala|írta|scris|написал|"
    "написала|пишет|писал|пише|написав|написа|написао|έγραψε|yazdı|menulis|kirjutas|rakstīja|rašė|escriure|escrit|"
    "كتب|כתב|viết"
)
WROTE_WITHIN = (
    "写道",
    "寫道",
    "のメール",
    "書きました",
    "さんは書",
    "님이 작성",
    "작성했습니다",
    "تمت كتابة",
    "เขียนว่า",
    "ने लिखा",
)
"""The verb of "On Monday Demo agent 1 wrote:"; the second where words are not divided."""

ORIGINAL = _words(
    "original message|original appointment|ursprüngliche nachricht|originalnachricht|originalmeldung|"
    "message d'origine|message original|message initial|mensaje original|mensagem original|"
    "messaggio originale|messaggio originario|oorspronkelijk bericht|ursprungligt meddelande|"
    "originalmeddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|"
    "wiadomość oryginalna|oryginalna wiadomość|původní zpráva|pôvodná správa|eredeti üzenet|"
    "mesaj original|mesajul original|исходное сообщение|оригинальное сообщение|вихідне повідомлення|"
    "оригінальне повідомлення|оригинално съобщение|αρχικό μήνυμα|orijinal ileti|özgün ileti|"
    "orijinal mesaj|原始邮件|原始郵件|元のメッセージ|original-nachricht|원본 메시지|원본 메일|الرسالة الأصلية|ההודעה המקורית|"
    "הודעה מקורית|thư gốc|tin nhắn gốc|pesan asli|ข้อความต้นฉบับ|izvorna poruka|izvirno sporočilo|"
    "missatge original|reply message|reply to message"
)
"""What stands between the hyphens above a quoted mail."""

FORWARDED = re.compile(
    r"(?:forwarded message|forwarded by|begin forwarded|weitergeleitete|anfang der weitergeleiteten|message transféré|"
    r"message réexpédié|début du message|mensaje reenviado|inicio del mensaje|messaggio inoltrato|inizio messaggio|"
    r"mensagem (?:encaminhada|reencaminhada)|início da mensagem|doorgestuurd bericht|begin doorgestuurd|"
    r"vidarebefordrat|videresendt|videresendte|välitetty viesti|edelleenlähetetty|przekazana wiadomość|"
    r"wiadomość przekazana|początek przekazywanej|přeposlaná|preposlaná|továbbított|mesaj redirecționat|"
    r"пересылаемое|перенаправленное|пересланное|начало переадресованного|переслане|препратено|προωθημένο|"
    r"iletilen|yönlendirilmiş|转发的?邮件|轉寄的?郵件|轉寄郵件|転送(?:された)?メッセージ|전달된|الرسالة المعاد|"
    r"הודעה שהועברה|thư đã chuyển|thư chuyển tiếp|pesan terusan|diteruskan|ส่งต่อ|proslijeđena|posredovano|"
    r"missatge reenviat)",
    re.IGNORECASE,
)
"""The heading of a forwarded mail, behind hyphens or with a colon at its end."""

FORWARD_PREFIX = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|i|enc|enc\.|res\.? enc|doorst|vb|vs|vl|pd|továbbítás|fw|пересл|πρθ|i̇lt|ilt|转发|轉寄|転送|전달)"
    r"\s?[:：]",
    re.IGNORECASE,
)
"""The beginning of a forwarded mail's subject."""

DEVICE = re.compile(
    r"(?:"
    r"(?:sent|written) (?:from|with|via|by|using) |sent from$|get outlook for|get bluemail for|"
    r"von (?:meinem|meiner) .{1,60} (?:gesendet|geschickt)|von .{1,40} (?:gesendet|aus gesendet)|"
    r"(?:gesendet|diese nachricht wurde) (?:von|mit|über) |outlook für .{1,20} beziehen|holen sie sich outlook|"
    r"envoyé (?:de|depuis|à partir|avec) |télécharger outlook|obtenez outlook|provenance : |"
    r"enviado (?:desde|con|do|a partir|via|usando|pelo|de) |obtener outlook|obter o outlook|obtenha o outlook|"
    r"inviato (?:da|dal|dall|con|tramite)|(?:scarica|ottieni) outlook|"
    r"(?:verstuurd|verzonden) (?:vanaf|met|van|via)|outlook voor .{1,20} downloaden|"
    r"skickat (?:från|via|med)|hämta outlook|sendt (?:fra|via|med)|(?:hent|skaff|få) outlook|"
    r"lähetetty .{2,60}|(?:hanki|lataa) outlook|"
    r"wysłan[eoy] (?:z|przez|za pomocą)|pobierz (?:aplikację )?outlook|"
    r"odesláno (?:z|ze|pomocí)|odoslané (?:z|zo|pomocou)|"
    r"elküldve|küldve |trimis (?:de pe|din|de la|prin)|"
    r"отправлено (?:с|из|от|через)|скачать outlook|надіслано (?:з|із|через)|изпратено от |"
    r"στάλθηκε (?:από|με)|"
    r"从我的.{1,30}发送|发自我的|發自我的|從我的.{1,30}傳送|"
    r"أُ?رسلت? من|נשלח מ|đã gửi từ|được gửi từ|dikirim dari|ส่งจาก|poslano (?:iz|s|z)|enviat des"
    r")",
    re.IGNORECASE,
)
"""The last line of mail from a telephone or a free program, from its beginning on."""

DEVICE_ENDS = ("küldve", "gönderildi", "から送信", "에서 보냄", "lähetetty")
"""The same in languages that say it at the end."""
