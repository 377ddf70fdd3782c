"""Where the collected static files lie."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

_, _imports = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public name


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # untyped
    """Hashed names, also in the imports of our own ES modules; compressed copies beside the files.

    Django would rewrite the imports of all scripts, and trips over those in other packages.
    """

    patterns = (*HashedFilesMixin.patterns, ("js/*.js", _imports))
