"""What a sender may say beside a file, as each source declares it.

The page, the API, `manage.py ingest` and drop folders offer and refuse by this alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingestion.readers.contract import Refused
from ingestion.readers.fields import spoken

MAP, SET = "map", "set"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value for the whole file; of those in `choices` alone, where there are any.

    A name that ends with a dot stands for all that begin so, such as `profile.ID`.
    """

    name: str
    label: str
    help: str = ""
    choices: tuple[str, ...] = ()

    def is_meant_by(self, name: str) -> bool:
        if self.name.endswith("."):
            return name.startswith(self.name) and name != self.name
        return spoken(name) == self.name

    @property
    def shown(self) -> str:
        return f"{self.name}NAME" if self.name.endswith(".") else self.name


SHEET = Setting("sheet", "Sheet", "Of a workbook with several sheets, the name of the one to load.")


@dataclass(frozen=True, slots=True)
class Takes:
    """The settings of a source, and whether it is told what the fields of its rows are.

    One that `maps` takes a column or a path for a field, or one value for every row; which
    fields, it says itself when it looks at the file. One that `needs_map` reads nothing
    without.
    """

    settings: tuple[Setting, ...] = ()
    maps: bool = False
    needs_map: bool = False

    def setting(self, name: str) -> Setting | None:
        return next((one for one in self.settings if one.is_meant_by(name)), None)

    def untaken(
        self, source: str, mapped: Mapping[str, str], fixed: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        """Yield each option that a source does not take, as `map[field]`, and why."""
        for name in mapped if not self.maps else ():
            yield f"{MAP}[{name}]", f"{source} takes no map: {name} cannot be mapped."
        for name, value in fixed.items():
            setting = self.setting(name)
            if setting is None and not self.maps:
                yield f"{SET}[{name}]", f"{source} takes no value for {name}: {self.in_words()}."
            elif setting is not None and setting.choices and value not in setting.choices:
                choices = " or ".join(setting.choices)
                yield f"{SET}[{name}]", f"{source} takes {choices} for {name}, not {value!r}."

    def refuse(self, source: str, mapped: Mapping[str, str], fixed: Mapping[str, str]) -> None:
        """Raise Refused, naming the first option that a source does not take."""
        for _, reason in self.untaken(source, mapped, fixed):
            raise Refused(reason)

    def in_words(self) -> str:
        """Say what may be given, such as "it takes sheet and export"."""
        known = [*(["a map", "fields"] if self.maps else []), *(s.shown for s in self.settings)]
        if not known:
            return "it takes nothing beside the file and its account"
        *others, last = known
        return f"it takes {', '.join(others)} and {last}" if others else f"it takes {last}"


NOTHING = Takes()
# What comes as a table may come as a workbook.
TABLE = Takes(settings=(SHEET,))
