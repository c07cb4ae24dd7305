"""Makes `seam_client.generated` of the API's OpenAPI document, at each build: it is never older than the document."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).parent
# In a source distribution the document lies beside this file; in a checkout it is the reference's.
DOCUMENTS = (HERE / "openapi.json", HERE / "../../docs/reference/openapi.json")


class GenerateHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the generated package into the wheel; the checkout stays as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        document = next((each for each in DOCUMENTS if each.is_file()), None)
        if document is None:
            raise FileNotFoundError(f"openapi.json: expected it at one of {[str(each) for each in DOCUMENTS]}")
        self._folder = tempfile.TemporaryDirectory()
        output = Path(self._folder.name) / "generated"
        options = ["--meta", "none", "--fail-on-warning", "--config", str(HERE / "generator.yaml")]
        subprocess.run(
            [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document)]
            + [*options, "--output-path", str(output)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        build_data["force_include"][str(output)] = "seam_client/generated"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self._folder.cleanup()
