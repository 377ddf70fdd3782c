"""What the admin pages of all tables have in common. They know no table in particular.

Rows are changed column by column, secrets are neither shown nor searched, and no page reads a
table to its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import get_permission_codename
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import CASCADE, Count, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from hc.core import zones

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm
else:

    class _Generic:
        """Django's classes take type arguments in the stubs only."""

        def __class_getitem__(cls, _: object) -> type:
            return cls

    class ModelAdmin(_Generic, admin.ModelAdmin):
        pass

    class ModelForm(_Generic, forms.ModelForm):
        pass


class Refused(Exception):
    """A form that was valid could not be saved after all; the text tells people why."""


class Chooser(AutocompleteSelect):
    """Django's own looks up whatever was sent, and fails at what is no key."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        keys = [key for key in value if key.isascii() and key.isdigit() and len(key) < 18]
        return super().optgroups(name, keys, attr)


class Table(ModelAdmin[M]):
    """`hidden`: columns that hold secrets. `codes`: where a searched UUID is looked up."""

    show_full_result_count = False
    hidden: ClassVar[tuple[str, ...]] = ()
    codes: ClassVar[tuple[str, ...]] = ()

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Chooser(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_exclude(self, request: HttpRequest, obj: M | None = None) -> tuple[str, ...]:
        return (*(super().get_exclude(request, obj) or ()), *self.hidden)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A secret could be guessed letter by letter from what `?api_key__startswith=` finds."""
        if lookup.partition("__")[0] in self.hidden:
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        code = as_uuid(search_term)
        if code and self.codes:
            return queryset.filter(_any(dict.fromkeys(self.codes, code))), False
        return super().get_search_results(request, queryset, search_term)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as e:
            self.message_user(request, str(e), messages.ERROR)
            return redirect(request.get_full_path())

    def get_form(
        self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[M]]:
        """The form of a row remembers what it showed: only what a person changed is written,
        and what others changed while the person was typing stays.
        """
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj:
            for field in form.base_fields.values():
                field.show_hidden_initial = True
        return form

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        """Of a row that exists, write what was changed in the form and nothing else."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in self.opts.concrete_fields}
        obj.save(update_fields=[name for name in form.changed_data if name in columns])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Row by row, as on their own pages, and in the order in which all writers lock rows."""
        with transaction.atomic():
            for obj in queryset.order_by("pk"):
                self.delete_model(request, obj)

    def get_deleted_objects(
        self, objs: Sequence[M] | QuerySet[M], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes along is counted, not listed: a check may have a million pings."""
        name = capfirst(str(self.opts.verbose_name))
        listed = [f"{name}: {obj}" for obj in objs]
        counts = {str(self.opts.verbose_name_plural): len(listed)}
        lacking = set()
        if not all(self.has_delete_permission(request, obj) for obj in objs):
            lacking.add(str(self.opts.verbose_name))
        paths: dict[type[Model], dict[str, list[Any]]] = {}
        for model, lookup in _dependents(self.opts):
            paths.setdefault(model, {})[f"{lookup}__in"] = [obj.pk for obj in objs]
        for model, lookups in paths.items():
            opts = model._meta  # noqa: SLF001  # documented by Django
            if number := model._base_manager.filter(_any(lookups)).count():  # noqa: SLF001
                counts[str(opts.verbose_name_plural)] = number
                right = f"{opts.app_label}.{get_permission_codename('delete', opts)}"
                if self.admin_site.is_registered(model) and not _may(request, right):
                    lacking.add(str(opts.verbose_name))
        return listed, counts, lacking, []

    def change_rows(
        self, request: HttpRequest, rows: Sequence[M], message: str, **columns: Any
    ) -> None:
        """Write the same columns of some rows, and `message` into the history of each."""
        with transaction.atomic():
            chosen = self.model._default_manager.filter(pk__in=[row.pk for row in rows])  # noqa: SLF001
            chosen.update(**columns)
            self.log_changes(request, rows, message)

    def log_changes(self, request: HttpRequest, rows: Sequence[M], message: str) -> None:
        LogEntry.objects.log_actions(request.user.pk, rows, CHANGE, message)  # type: ignore[arg-type]  # any iterable will do


class Journal(Table[M]):
    """A table that only machines write: it can be read, and rows can be deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class Endless(Journal[M]):
    """A journal that is too long to be counted or sorted, or to be deleted from in bulk."""

    actions = None
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-pk",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EndlessList


class EndlessList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """One row more than the page shows tells whether there is another page."""
        start = (self.page_num - 1) * self.list_per_page
        if not 0 <= start < 1_000_000:
            raise IncorrectLookupParameters
        rows = list(self.queryset[start : start + self.list_per_page + 1])
        more = len(rows) > self.list_per_page
        if start and not rows:
            raise IncorrectLookupParameters
        self.result_list = rows[: self.list_per_page]
        self.paginator = Paginator(range(start + len(rows)), self.list_per_page)
        self.result_count = start + len(rows)
        if more:
            self.result_count = f"more than {start + self.list_per_page}"  # type: ignore[assignment]  # it is only printed
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = False
        self.multi_page = more or self.page_num > 1


class ZoneForm(ModelForm[M]):
    """A form with a time zone; former names count as today's."""

    def clean_tz(self) -> str:
        name = zones.canonical(self.cleaned_data["tz"])
        if name is None:
            raise forms.ValidationError("Write the name of a zone, such as “Europe/Riga”.")
        return name


def pick(heading: str, parameter: str, options: Mapping[str, Q]) -> type[admin.SimpleListFilter]:
    """A filter with fixed options; Django's own would look through the table for them."""

    class Pick(admin.SimpleListFilter):
        title = heading
        parameter_name = parameter

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(label, label) for label in options]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(options.get(self.value() or "", Q()))

    return Pick


def count_of(rows: QuerySet[Any], by: str, outer: str = "pk") -> Coalesce:
    """How many `rows` have in column `by` what the outer row has in `outer`, for annotations."""
    mine = rows.filter(**{by: OuterRef(outer)}).order_by()
    return Coalesce(Subquery(mine.values(by).annotate(number=Count("pk")).values("number")), 0)


def link_to(obj: Model | None, text: object = "") -> str:
    """A link to an object's admin page."""
    if obj is None:
        return "–"
    url = reverse(f"admin:{obj._meta.label_lower.replace('.', '_')}_change", args=[obj.pk])  # noqa: SLF001
    return format_html('<a href="{}">{}</a>', url, text or obj)


def _dependents(opts: Options[Any], path: str = "") -> Iterator[tuple[type[Model], str]]:
    """The tables whose rows are deleted along, each with the look-up that leads back."""
    for relation in opts.related_objects:
        if relation.many_to_many or relation.on_delete is not CASCADE:
            continue
        if relation.related_model is opts.model:  # parts of a row; deleted and counted with it
            continue
        lookup = f"{relation.field.name}{path}"
        yield relation.related_model, lookup
        yield from _dependents(relation.related_model._meta, f"__{lookup}")  # noqa: SLF001


def _any(lookups: Mapping[str, Any]) -> Q:
    return Q(*lookups.items(), _connector=Q.OR)


def _may(request: HttpRequest, right: str) -> bool:
    return request.user.has_perm(right)


def as_uuid(text: str) -> UUID | None:
    """A UUID that somebody typed, or None."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None
