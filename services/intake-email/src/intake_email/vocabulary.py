"""Small words of languages, and letters that only they have. Data only; see `language.py`."""

_SMALL_WORDS = {
    "en": "the of and to is that it was for you with this have are not be on as they we what my your can will would "
          "from but there an please i'm don't i've when has been thanks thank hello hi dear could which our do does am "
          "just any if or by at me how about know need help order received still because after",
    "de": "der die das und ist nicht ich sie es zu ein eine einen mit auf für dem den von wir haben habe wird auch wie "
          "bei oder aber noch nur können bitte mein meine ihre ihr sind war wenn dass im am hallo danke guten tag sehr "
          "geehrte geehrter grüße vielen dank kann mich mir seit keine kein nach zum zur wurde leider wieder schon",
    "fr": "le la les des et est une un je vous nous il elle pas ne que qui dans pour sur avec ce cette mon ma mes votre "
          "vos au aux du plus mais ou sont été bonjour merci cordialement suis j'ai n'est c'est depuis comment pouvez "
          "avez ai en être fait bien tout madame monsieur commande toujours bonsoir",
    "es": "el la los las de que y en un una es no se por con para mi su lo como más pero está este esta muy gracias hola "
          "buenos días usted ustedes tengo puede desde hace cuando ha he sido son del al sin sobre también quiero saludos "
          "estoy pedido nos han todavía porque",
    "it": "il lo la gli le di che e è un una non per con sono mi ho come del della dei delle nel nella anche più ma questo "
          "questa buongiorno salve grazie cordiali saluti vorrei avete posso quando ha hanno essere stato mio mia vostro "
          "si al alla da ordine ancora perché dal",
    "pt": "o a os as de que e em um uma não por com para meu minha seu sua como mais mas está este esta muito obrigado "
          "obrigada olá bom dia você vocês tenho pode desde quando foi são do da dos das no na nos nas ao também quero "
          "estou pedido ainda porque já isso nao voce",
    "nl": "de het een en van ik is dat niet die te op voor met zijn er aan om ook als maar hebben heb heeft wordt mijn uw "
          "u jullie kan kunnen bij nog naar dit deze geen hallo bedankt graag wel was vriendelijke groet groeten beste "
          "sinds wanneer waarom ben mij over werkt",
    "sv": "och att det är jag en ett inte som för på av med har till den de vi kan men om mig min mitt ni er från eller "
          "hej tack vänliga hälsningar sedan när hur så var fått skulle vill också finns inga vänligen någon mvh",
    "da": "og at det er jeg en et ikke som for på af med har til den de vi kan men om mig min mit i fra eller hej tak "
          "venlig hilsen siden når hvordan så var fået skulle vil også findes ingen venligst nogen mvh jer hvad blev",
    "nb": "og at det er jeg en et ikke som for på av med har til den de vi kan men om meg min mitt dere fra eller hei takk "
          "vennlig hilsen siden når hvordan så var fått skulle vil også finnes ingen vennligst noen mvh hva ble ikkje",
    "fi": "ja on ei että en se hän mutta olen ovat kun niin kuin mitä voi oli myös vain minun teidän tämä sen mikä jos hei "
          "kiitos terveisin ole olisi voitte sitten vielä miten voisitteko tai sekä ette saanut emme",
    "pl": "i w nie na się że z do to jest jak o co ale za po od czy już mam dla przez przy tego jestem mnie mój moje dzień "
          "dobry dziękuję pozdrawiam proszę są został została jeszcze kiedy oraz może bardzo mogę państwa witam",
    "cs": "a v na se že je to s z do o jak ale za po od už mám pro při jsem mě můj moje dobrý den děkuji pozdravem prosím "
          "jsou byl byla ještě když nebo může velmi mohu není jste by si který které nefunguje",
    "sk": "a v na sa že je to s z do o ako ale za po od už mám pre pri som mňa môj moje dobrý deň ďakujem pozdravom prosím "
          "sú bol bola ešte keď alebo môže veľmi môžem nie ste by si ktorý ktoré nefunguje",
    "hu": "a az és nem hogy egy is van meg de mert ha már csak vagy ez volt én ön önök kérem köszönöm jó napot üdvözlettel "
          "tisztelt szeretném lehet nekem mint még mi ezt azt miért mikor nincs kaptam tudok",
    "ro": "și si de la nu că în cu un o este sunt am mai pe pentru din care ce dar sau ca fost bună ziua mulțumesc multumesc "
          "vă va rog dacă când cum mea meu aveți fi nici acest această cumva",
    "tr": "ve bir bu da de için ile ne var yok çok ama ben siz olarak daha gibi sonra nasıl merhaba teşekkürler teşekkür "
          "ederim saygılarımla lütfen mı mi değil kadar neden bana olan iyi günler zaman rica hala",
    "id": "yang dan di ini itu dengan untuk tidak dari saya anda akan pada ada bisa sudah ke kami atau juga karena "
          "terima kasih selamat mohon bagaimana belum telah apakah tolong halo oleh",
    "vi": "và của là không tôi có được cho một các này đã bạn với để trong xin chào cảm ơn như khi nào người chúng về "
          "vẫn rất đơn",
    "hr": "i je u na se da to s za od kako ali što nije sam su bi li ne moj moja dobar dan hvala pozdrav molim vas još kada "
          "ili može vrlo mogu smo ste narudžba zašto nisam",
    "sl": "in je v na se da to s za od kako ali kaj ni sem so bi ne moj moja dober dan hvala lep pozdrav prosim še kdaj "
          "ali lahko zelo smo ste pri tudi kot zakaj nisem",
    "et": "ja on ei et see ma kui aga oli ka mis tere aitäh palun lugupidamisega minu teie olen veel kuidas või kas",
    "lv": "un ir ne ka es par no ar uz bet lai kas labdien paldies lūdzu ar cieņu mans jūsu vai kā nav vēl tas",
    "lt": "ir yra ne kad kada aš į iš su bet kaip kas dabar antra jau dėl laba diena ačiū prašau pagarbiai mano jūsų ar dar tai nėra",
    "ca": "el la els les de que i en un una és no per amb meu seva com més però està aquest aquesta molt gràcies hola bon "
          "dia vostè tinc pot des quan ha estat són dels també vull estic comanda encara",
    "ru": "и в не на я что с как это по из у за от мне но для вас мы вы же бы был есть при или так меня мой здравствуйте "
          "спасибо добрый день пожалуйста уже если когда можно очень уважением почему нет заказ",
    "uk": "і в не на я що з як це по у за від мені але для вас ми ви ж би був є при або так мене мій доброго дня дякую "
          "добрий день будь ласка вже якщо коли можна дуже повагою чому немає та замовлення",
    "bg": "и в не на аз че с как това по от за ми но вас ние вие би беше е при или така мой здравейте благодаря добър ден "
          "моля вече ако кога може много поздрави защо няма да се са съм ще поръчка",
    "sr": "и је у на се да то с за од како али шта није сам су би ли не мој добар дан хвала поздрав молим вас још када или "
          "може врло могу смо сте зашто нисам",
}  # fmt: skip


def _by_word() -> dict[str, tuple[tuple[str, float], ...]]:
    found: dict[str, list[str]] = {}
    for language, words in _SMALL_WORDS.items():
        for word in dict.fromkeys(words.split()):
            found.setdefault(word, []).append(language)
    # A word of one language says more than one that five have.
    return {word: tuple((name, 1.0 / len(languages)) for name in languages) for word, languages in found.items()}


WORDS = _by_word()
"""By word, the languages that have it and what it says for each."""

LETTERS = {
    "de": frozenset("ßäöü"), "fr": frozenset("çèêëîïôùûœ"), "es": frozenset("ñ¿¡"), "pt": frozenset("ãõ"),
    "sv": frozenset("åäö"), "da": frozenset("æøå"), "nb": frozenset("æøå"), "fi": frozenset("äö"),
    "pl": frozenset("łąęśźżćń"), "cs": frozenset("řěů"), "sk": frozenset("ľĺŕôä"), "hu": frozenset("őű"),
    "ro": frozenset("ăâîșțşţ"), "tr": frozenset("ığş"), "vi": frozenset("ơưđạảấầẩậắằặẹẻếềểệịỉọỏốồổộớờởợụủứừửựỳỷỹ"),
    "hr": frozenset("đčćžš"), "sl": frozenset("čžš"), "et": frozenset("õäöü"), "lv": frozenset("āēīūģķļņ"),
    "lt": frozenset("ėįųąęū"), "ca": frozenset("·çïü"), "it": frozenset("òìù"), "nl": frozenset("ëï"),
    "ru": frozenset("ыэё"), "uk": frozenset("іїєґ"), "bg": frozenset("ъщ"), "sr": frozenset("јљњђћџ"),
    "fa": frozenset("پچژگ"),
}  # fmt: skip
