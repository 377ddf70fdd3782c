"""How forms are drawn."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Each field by our own template: label above, help below, errors in words."""

    field_template_name = "components/field.html"
    form_template_name = "components/form.html"
