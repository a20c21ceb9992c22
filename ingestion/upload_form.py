"""Forms that take a file: what it is, whose it is, and what its source takes beside it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from ingestion.connectors.kind import pairs
from ingestion.readers.contract import Refused
from ingestion.readers.registry import SOURCES
from ingestion.readers.takes import MAP, SET, SHEET, TABLE, Setting, Takes

DETECT = "detect"
LONGEST = 4000
TAKES: Mapping[str, Takes] = {DETECT: TABLE, **{source.name: source.takes for source in SOURCES}}
# Where fields stand is asked for with the file in sight, or typed in lines.
LINES = (
    Setting(MAP, "Where fields stand", "A line for each: started_at = at."),
    Setting(SET, "The same for every row", "A line for each: provider = mistral."),
)


class UploadForm(forms.Form):
    """A file, what it is, the provider account it belongs to, and the options of its source."""

    file = forms.FileField(
        label="File",
        help_text="Text, .xlsx or .parquet, also in .gz or .zip. "
        "The same content again changes nothing.",
        allow_empty_file=True,
    )
    source = forms.ChoiceField(
        label="What it is",
        choices=[(DETECT, "Find out from the file"), *((s.name, s.title) for s in SOURCES)],
    )
    account = forms.CharField(
        label="Provider account",
        max_length=120,
        required=False,
        help_text="Keeps two accounts of one provider apart. Give all files of one account "
        "the same name. Without it, the source's own.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: "MultiValueDict[str, UploadedFile[bytes]] | None" = None,
        *,
        source: str,
    ) -> None:
        chosen = source if source in TAKES else DETECT
        super().__init__(data, files, initial={"source": chosen})
        takes = TAKES[chosen]
        self.lines = LINES if takes.maps and not takes.needs_map else ()
        self.settings = takes.settings
        for setting in (*self.lines, *self.settings):
            self.fields[_field(setting)] = _asked(setting, is_long=setting in self.lines)

    def options(self) -> list[forms.BoundField]:
        return [self[_field(setting)] for setting in (*self.lines, *self.settings)]

    def clean(self) -> dict[str, Any]:
        for setting in (*self.lines, *self.settings):
            try:
                self.pairs(setting)
            except Refused as refusal:
                self.add_error(_field(setting), refusal.detail)
        return self.cleaned_data

    @property
    def sheet(self) -> str:
        return str(self.cleaned_data.get(SHEET.name, ""))

    @property
    def column_map(self) -> dict[str, str]:
        return self.pairs(LINES[0]) if self.lines else {}

    @property
    def fixed_values(self) -> dict[str, str]:
        told = self.pairs(LINES[1]) if self.lines else {}
        for setting in self.settings:
            told |= self.pairs(setting)
        return told

    def pairs(self, setting: Setting) -> dict[str, str]:
        """Return what was typed for a setting, by name; raises Refused for a line that is none."""
        typed = self.cleaned_data.get(_field(setting), "")
        if setting in self.lines or setting.name.endswith("."):
            return pairs(typed)
        return {setting.name: typed} if typed else {}


class MendForm(forms.Form):
    """The rejected rows of an import, mended."""

    file = forms.FileField(
        label="Mended rows",
        help_text="The file of rejected rows, mended. It is read as the import was.",
        allow_empty_file=True,
    )


def _field(setting: Setting) -> str:
    return setting.name.rstrip(".")


def _asked(setting: Setting, *, is_long: bool) -> forms.Field:
    given: dict[str, Any] = {
        "label": setting.label,
        "help_text": setting.help,
        "required": False,
    }
    if setting.choices:
        choices = [("", "not said"), *((choice, choice) for choice in setting.choices)]
        return forms.ChoiceField(choices=choices, **given)
    if is_long or setting.name.endswith("."):
        widget = forms.Textarea(attrs={"rows": 3})
        return forms.CharField(max_length=LONGEST, widget=widget, **given)
    return forms.CharField(max_length=300, **given)
