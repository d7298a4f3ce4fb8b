"""Who takes up what ↔ a `movierec.arrays` folder, from the stage that fits it to those that put it
into a model. A model holds all of it: who answers by one reads no second folder."""

from dataclasses import asdict
from pathlib import Path

from movierec.arrays import RESTORE, read_folder, write_folder
from movierec.errors import BadInput, BadParams, CorruptFile
from movierec.fields import checked
from movierec.models.uptake import SECTION, Uptake, UptakeModel

FORMAT = "movierec-uptake/1"


def save_uptake(folder: Path, uptake: UptakeModel | None, data_hash: str) -> None:
    """Write to `folder` what was fitted to the dataset of `data_hash`; None, that there is none."""
    manifest = {
        "format": FORMAT,
        SECTION: None if uptake is None else asdict(uptake.hyper),
        "data_hash": data_hash,
    }
    write_folder(folder, {} if uptake is None else uptake.arrays(), manifest)


def read_uptake(folder: Path, data_hash: str) -> UptakeModel | None:
    """What `save_uptake` wrote, as maps of its files, each checked against its SHA-256.

    Raises BadInput where there is none or one of another dataset than that of `data_hash`,
    CorruptFile where it is damaged.
    """
    arrays, manifest = read_folder(folder, mmap=True)
    if manifest.get("format") != FORMAT:
        raise BadInput(f"{folder}: not of format {FORMAT}; run `dvc repro uptake`")
    try:
        if manifest["data_hash"] != data_hash:
            raise BadInput(
                f"{folder}: fitted to the dataset {manifest['data_hash']}, not to {data_hash}; "
                "run `dvc repro uptake`"
            )
        if manifest[SECTION] is None:
            return None
        own = {name: arrays[name] for name in UptakeModel.shapes()}
        return UptakeModel(hyper=checked(Uptake, manifest[SECTION], SECTION), **own)
    except (BadParams, KeyError) as error:
        raise CorruptFile(f"{folder}: {error!r} in its manifest; {RESTORE}") from None
