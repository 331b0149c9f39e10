"""What the page about sending mail tells to type makes keys that sign."""

import base64
import re
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from intake_email.sign import load_keys
from tests.integration.intake_email.daemons import needs

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "send-and-check-mail.md"


@needs("openssl", "openssl")
def test_the_keys_of_the_page_are_keys_and_what_is_printed_is_their_public_half(tmp_path: Path) -> None:
    page = PAGE.read_text()
    (block,) = [found for found in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "openssl" in found]
    typed = block.replace("/etc/frontline/dkim", str(tmp_path))
    said = subprocess.run(["bash", "-euc", typed], check=True, capture_output=True, text=True).stdout
    (other,) = re.findall(r"`(openssl genpkey[^`]*)`", page)
    name = tmp_path / "2026b._domainkey.desk.example.pem"
    subprocess.run(["bash", "-euc", f"{other} -out {name}"], check=True, capture_output=True)
    first, second = load_keys(tmp_path)
    public = first.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert base64.b64decode(said) == public
    assert [first.algorithm, second.algorithm] == ["rsa-sha256", "ed25519-sha256"]
    assert (first.domain, first.selector) == ("desk.example", "2026a")
