"""Have the reconcile function of a build ask a simulated Tencent.

What is deployed asks Tencent's hosts alone, and nothing in its environment or its parameter changes that. So
the build itself is changed, after `sam build`: its handler becomes one that replaces `rest.connect` first.
"""

from pathlib import Path

FUNCTION = "ReconcileFunction"
_APP = '''"""The reconcile function, whose Tencent is simulated."""

from urllib3 import HTTPConnectionPool

from roomstate.reconcile import rest

rest.connect = lambda _: rest.Connection(HTTPConnectionPool("127.0.0.1", {port}))

from deployed import lambda_handler
'''


def ask_simulated(built: Path, port: int, function: str = FUNCTION) -> None:
    """Change a build.

    Args:
        built: the folder of `sam build`, with `template.yaml` and a folder for each function.
        port: where `local.tencent_cloud.server` serves, on this machine.
        function: the function's name in the template.
    """
    folder = built / function
    deployed = folder / "deployed.py"
    if not deployed.exists():
        (folder / "app.py").rename(deployed)
    (folder / "app.py").write_text(_APP.format(port=port))
