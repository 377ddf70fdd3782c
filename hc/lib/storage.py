"""Where the collected static files lie."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Hashed names, also inside the imports of ES modules; compressed copies beside the files."""

    support_js_module_import_aggregation = True
