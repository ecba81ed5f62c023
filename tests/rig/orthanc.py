"""Orthanc as a PACS and, driven through its REST interface, as a requestor."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path

from rig.process import Process
from rig.process import free_port
from rig.process import wait_until


class Orthanc(Process):
    """One Orthanc with its own folder and ports. `modalities` maps a name to (AE title, port)."""

    def __init__(self, folder: Path, aet: str, modalities: dict | None = None, *, port=None, lua: str | None = None, **options):
        self.aet = aet
        self.port = port or free_port()
        self.http_port = free_port()
        folder = Path(folder) / f"orthanc-{aet}"
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "Name": aet,
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.http_port,
            "DicomPort": self.port,
            "DicomAet": aet,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "UnknownSopClassAccepted": True,
            "TranscodeDicomProtocol": False,
            "DicomAssociationCloseDelay": 1,
            "StableAge": 1,
            "SaveJobs": False,
            "OverwriteInstances": True,
            "Plugins": [],
            "LuaScripts": [],
            "DicomModalities": {name: [its, "127.0.0.1", at] for name, (its, at) in (modalities or {}).items()},
        }
        if lua is not None:
            script = folder / "script.lua"
            script.write_text(lua)
            config["LuaScripts"] = [str(script)]
        config.update(options)
        file = folder / "orthanc.json"
        file.write_text(json.dumps(config, indent=1))
        program = "/usr/sbin/Orthanc" if os.path.exists("/usr/sbin/Orthanc") else "Orthanc"
        super().__init__(f"orthanc-{aet}", [program, file], folder)
        self.wait_for_port(self.port, 60)
        self.wait_for_port(self.http_port, 60)
        wait_until(self._answers, 30, "Orthanc's REST interface")

    def _answers(self) -> bool:
        try:
            return bool(self.get("/system"))
        except OSError:
            return False

    def get(self, path: str):
        return self._call("GET", path, None)

    def post(self, path: str, body, timeout_s: float = 60):
        return self._call("POST", path, body, timeout_s)

    def _call(self, method: str, path: str, body, timeout_s: float = 60):
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError:
            return text

    def fill(self, files: list[Path]) -> list[str]:
        """Uploads the files by REST; gives Orthanc's own instance ids."""
        return [self.post("/instances", Path(file).read_bytes())["ID"] for file in files]

    def instance_count(self) -> int:
        return self.get("/statistics")["CountInstances"]

    def data_set_bytes(self, orthanc_id: str) -> bytes:
        """The stored file, as Orthanc received it."""
        data = self.get(f"/instances/{orthanc_id}/file")
        return data if isinstance(data, bytes) else json.dumps(data).encode()
