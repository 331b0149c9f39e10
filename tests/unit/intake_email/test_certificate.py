"""A certificate that is of no use at the start is told to the operator by its setting."""

from pathlib import Path

import pytest

from frontline.contract.error import SettingsError
from intake_email.certificate import Certificate
from tests.integration.intake_email.certificates import write_certificate


@pytest.mark.parametrize("broken", ["chain.pem", "key.pem"])
def test_a_broken_certificate_is_a_mistake_of_the_settings(broken: str, tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    write_certificate(chain, key)
    (tmp_path / broken).write_bytes(b"nothing of the kind")
    with pytest.raises(SettingsError) as told:
        Certificate(chain, key, None, None)  # type: ignore[arg-type]
    assert [mistake.where for mistake in told.value.mistakes] == ["FRONTLINE_SMTP_TLS_CERTIFICATE"]
