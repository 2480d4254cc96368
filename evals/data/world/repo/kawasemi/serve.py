"""HTTP server with a micro-batcher."""
import argparse
import asyncio
import contextlib
import signal

import torch
import yaml
from aiohttp import web

from kawasemi.model import KawasemiTagger, decode


class QueueFull(Exception):
    pass


class MicroBatcher:
    """Collects requests until max_batch or max_wait_ms, then runs once."""

    def __init__(self, run, max_batch=16, max_wait_ms=12, queue_limit=512):
        self.run = run
        self.max_batch = max_batch
        self.max_wait = max_wait_ms / 1000
        self.queue: asyncio.Queue = asyncio.Queue(queue_limit)

    async def submit(self, crop):
        fut = asyncio.get_running_loop().create_future()
        try:
            self.queue.put_nowait((crop, fut))
        except asyncio.QueueFull as exc:
            raise QueueFull from exc
        return await fut

    async def loop(self) -> None:
        while True:
            items = [await self.queue.get()]
            with contextlib.suppress(asyncio.TimeoutError):
                async with asyncio.timeout(self.max_wait):
                    while len(items) < self.max_batch:
                        items.append(await self.queue.get())
            labels = self.run(torch.stack([c for c, _ in items]))
            for (_, fut), label in zip(items, labels):
                fut.set_result(label)


async def handle_tag(request: web.Request) -> web.Response:
    body = await request.json()
    crop = torch.tensor(body["crop"]).reshape(1, 32, 512)
    try:
        label = await request.app["batcher"].submit(crop)
    except QueueFull:
        return web.Response(status=429, headers={"Retry-After": "2"})
    return web.json_response({"label": label})


async def handle_health(request: web.Request) -> web.Response:
    return web.Response(status=200 if request.app["ready"] else 503)


def install_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stop.set)


async def main(cfg: dict) -> None:
    model = KawasemiTagger().eval()
    app = web.Application(client_max_size=cfg["server"]["max_body_mb"] * 2 ** 20)
    app["batcher"] = MicroBatcher(
        lambda x: decode(model(x), cfg["model"]["min_score"]), **cfg["batcher"])
    app["ready"] = True
    app.router.add_post("/v1/tag", handle_tag)
    app.router.add_get("/healthz", handle_health)
    stop = asyncio.Event()
    install_signals(asyncio.get_running_loop(), stop)
    task = asyncio.create_task(app["batcher"].loop())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, cfg["server"]["host"], cfg["server"]["port"]).start()
    await stop.wait()
    app["ready"] = False
    await asyncio.sleep(cfg["server"]["drain_seconds"])
    task.cancel()
    await runner.cleanup()


if __name__ == "__main__":
    p = argparse.ArgumentParser(prog="kawasemi.serve")
    p.add_argument("--config", default="configs/serve.yaml")
    with open(p.parse_args().config, encoding="utf-8") as fh:
        asyncio.run(main(yaml.safe_load(fh)))
