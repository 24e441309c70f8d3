"""A browser on a lab's host, that does as a test says.

``python -m tests.packets.browser URL FOLDER`` takes lines of words; to each it answers in JSON:

    see TEXT SECONDS     wait until the page's heading ends so; the monotonic instant it did
    say ID TEXT SECONDS  the same of another element, which holds the text
    shoot FOLDER         pictures of it, by size and scheme
    check                what axe-core finds, by size and scheme
    press KEY ...        keys, one after the other; what has the focus then
    end                  what the console said, and every URL that was asked for
"""

from __future__ import annotations

import base64
import io
import json
import sys
import time
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-default-apps", "--disable-domain-reliability",
    "--no-pings", "--hide-scrollbars",
    "--window-size=1200,900",
)  # fmt: skip
"""So that it does little by itself."""

SIZES = {"desktop": (1200, False), "phone": (390, True)}
SCHEMES = ("light", "dark")
COLOURS = 256  # a picture is to be looked at, not measured
TALL = 1600
"""Pixels of a picture, from the top: what is below is lists."""


class Browser:
    def __init__(self, url: str, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        self._net, self._url = folder / "net.json", url
        for flag in (*FLAGS, f"--user-data-dir={folder}/chromium", f"--log-net-log={self._net}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service("/usr/bin/chromedriver")
        self._driver = webdriver.Chrome(options=options, service=service)
        self._driver.get(url)

    def see(self, *words: str) -> Any:
        return self._wait("where", str.endswith, *words)

    def say(self, element: str, *words: str) -> Any:
        return self._wait(element, str.__contains__, *words)

    def _wait(self, element: str, holds: Any, *words: str) -> Any:
        *text, seconds = words
        wanted, until = " ".join(text), time.monotonic() + float(seconds)
        script = f"return document.getElementById('{element}').textContent"
        while True:
            told = self._driver.execute_script(script)
            now = time.monotonic()
            if holds(told, wanted):
                return {"at": now, "told": told}
            if now > until:
                return {"at": None, "told": told}
            time.sleep(0.02)

    def shoot(self, folder: str) -> Any:
        made = []
        for size, scheme in product(SIZES, SCHEMES):
            width = self._stand(size, scheme)
            clip = {"x": 0, "y": 0, "width": width, "height": TALL, "scale": 1}
            how = {"captureBeyondViewport": True, "clip": clip}
            shot = self._driver.execute_cdp_cmd("Page.captureScreenshot", how)
            file = Path(folder) / f"{size}-{scheme}.png"
            picture = Image.open(io.BytesIO(base64.b64decode(shot["data"])))
            few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
            few.save(file, optimize=True)
            made.append(file.name)
        return made

    def check(self) -> Any:
        axe = resources.files("axe_core_python") / "axe.min.js"
        found = {}
        for size, scheme in product(SIZES, SCHEMES):
            self._stand(size, scheme)
            self._driver.execute_script(axe.read_text(encoding="utf-8"))
            told = self._driver.execute_async_script("axe.run().then(arguments[0])")
            found[f"{size}-{scheme}"] = {
                "passes": len(told["passes"]),
                "violations": [
                    (each["impact"], each["id"], [node["html"] for node in each["nodes"]])
                    for each in told["violations"]
                ],
            }
        return found

    def press(self, *keys: str) -> Any:
        for key in keys:
            focus = self._driver.switch_to.active_element
            focus.send_keys(getattr(Keys, key))
        focus = self._driver.switch_to.active_element
        return [focus.tag_name, focus.get_attribute("value") or focus.text]

    def end(self) -> Any:
        console = [each["message"] for each in self._driver.get_log("browser")]
        asked = [
            message["params"]["request"]["url"]
            for each in self._driver.get_log("performance")
            if (message := json.loads(each["message"])["message"])["method"]
            == "Network.requestWillBeSent"
        ]
        self._driver.quit()
        return {"console": console, "asked": asked, "net": _urls(self._net, self._url.rstrip("/"))}

    def _stand(self, size: str, scheme: str) -> int:
        width, mobile = SIZES[size]
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        time.sleep(0.7)  # it is drawn anew
        return width


def _urls(log: Path, origin: str) -> list[str]:
    """Whatever *origin* has had the browser ask for, by its own log of the network.

    What it asks for by itself, such as the time or an update of its own, is not the page's.
    """
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    told = [each["params"] for each in events if "url" in each.get("params", {})]
    return sorted({each["url"] for each in told if each.get("initiator") == origin})


def main() -> None:
    browser = Browser(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        verb, *words = line.split()
        print(json.dumps(getattr(browser, verb)(*words)), flush=True)
        if verb == "end":
            return


if __name__ == "__main__":
    main()
