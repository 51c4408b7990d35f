"""`make audit`: pip-audit on requirements files, and a plain word where its advisories cannot be reached."""

import json
import subprocess
import sys
from typing import Any


def main(pip_audit: str, *files: str) -> int:
    """Give 1 where a pinned package has a known vulnerability, else 0."""
    found = 0
    for file in files:
        packages = audit(pip_audit, file)
        vulnerable = [package for package in packages if package.get("vulns")]
        unknown = sum("skip_reason" in package for package in packages)
        for package in vulnerable:
            ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
            print(f"{file}: {package['name']} {package['version']}: {ids}")
        found += len(vulnerable)
        print(f"{file}: {len(packages)} packages, {len(vulnerable)} vulnerable, {unknown} not looked up")
        if unknown:
            print(f"{file}: advisories for {unknown} of them could not be reached from here: not audited")
    return min(found, 1)


def audit(pip_audit: str, file: str) -> list[dict[str, Any]]:
    """What pip-audit says of each package of a file."""
    command = [pip_audit, "--requirement", file, "--require-hashes", "--disable-pip", "--format", "json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except ValueError:
        sys.exit(f"pip-audit failed on {file}: {ran.stderr.strip().splitlines()[-1]}")
    return packages


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
