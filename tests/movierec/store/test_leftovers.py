"""What died writers left goes from every folder of the store that nobody owns."""

from pathlib import Path

from movierec.store.days import day_folder
from movierec.store.leftovers import sweep
from movierec.store.lineage import begin_lineage
from movierec.store.storage import at
from tests.movierec.store.filling import TOPIC, close, files, put, watch

DAY = "2026-11-01"


def test_leftovers_go_from_every_folder_that_many_write_to_and_nothing_else_does(
    tmp_path: Path,
) -> None:
    begin_lineage(tmp_path, TOPIC, None)
    put(tmp_path, [watch(1, 1), watch(2, 30)])
    assert close(tmp_path, p0=2) == [DAY]
    expired = tmp_path / "expired" / TOPIC
    expired.mkdir(parents=True)
    before = files(tmp_path)
    shared = [tmp_path, expired, day_folder(tmp_path, TOPIC, DAY)]
    shared += [tmp_path / TOPIC / name for name in ("closings", "lineage")]
    owned = tmp_path / TOPIC / "segments/0"  # whoever claims it settles it
    for folder in (*shared, owned):
        (folder / ".name.0123.tmp").touch()
    sweep(at(tmp_path), [TOPIC])
    assert files(tmp_path).keys() - before.keys() == {f"{TOPIC}/segments/0/.name.0123.tmp"}
    assert before.items() <= files(tmp_path).items()
