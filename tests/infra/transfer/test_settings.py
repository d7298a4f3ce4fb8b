"""How long a transfer may stand still, as the environment says it and the README lists it."""

from pathlib import Path

import pytest

from infra.transfer.settings import TransferSettings
from movierec.errors import BadParams
from serve.settings import section

README = Path(__file__).resolve().parents[3] / "infra/release/README.md"


def test_it_is_read_and_what_it_cannot_be_is_refused() -> None:
    assert TransferSettings.from_environment({}).seconds == 300
    assert TransferSettings.from_environment({"TRANSFER_SECONDS": "20"}).seconds == 20
    for wrong in ({"TRANSFER_SECONDS": "0"}, {"TRANSFER_SECOND": "20"}):
        with pytest.raises(BadParams, match="TRANSFER_SECONDS"):
            TransferSettings.from_environment(wrong)


def test_the_table_of_the_readme_is_what_the_settings_say() -> None:
    assert section("TRANSFER_…: what stands still", TransferSettings) in README.read_text()
