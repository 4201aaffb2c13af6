"""The least that answers a venue's frames with orders: `python -m bench.peers.bare_venue WAY PORT`.

It reads each trade frame of `bench.venue` and sends the order that execution would, byte for byte as long, over the
websocket API or by HTTP: with aiohttp and uvloop, over one warm connection, and with nothing between: no parsing but the
trade's id and quantity, no decision, no log, a signature that was made before. What execution takes beyond this is ours.
"""

import asyncio
import gc
import sys

import aiohttp
import uvloop

from bench.shells import PRICE, SYMBOL
from bench.venue import HOST

KEY, SIGNATURE = "k" * 64, "s" * 64
TERMS = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "IOC"}
PROOF = {"recvWindow": 5000, "timestamp": 1_700_000_000_000}
NUMBER = b'"t":'
QUANTITY = b'"q":"'
AGAIN_S = 0.05
OVER = ("socket", "http")


async def run(way: str, port: int) -> None:
    """Answer frames until the process is ended."""
    async with aiohttp.ClientSession() as session:
        market = await _opened(session, f"http://{HOST}:{port}/stream")
        orders = await session.ws_connect(f"http://{HOST}:{port}/ws-api/v3", decode_text=False)
        gc.collect()
        gc.freeze()
        gc.disable()
        async for message in market:
            frame = message.data
            at = frame.find(NUMBER)
            if at < 0:
                continue
            number = int(frame[at + len(NUMBER) : frame.index(b",", at)])
            at = frame.index(QUANTITY, at) + len(QUANTITY)
            terms = {
                **TERMS,
                "quantity": frame[at : frame.index(b'"', at)].decode(),
                "price": PRICE,
                "newClientOrderId": f"{number:016}",
            }
            if way == "socket":
                text = ",".join(f'"{name}":"{value}"' for name, value in terms.items())
                text = f'{{"id":{number},"method":"order.place","params":{{{text},"recvWindow":5000,'
                text += f'"timestamp":1700000000000,"apiKey":"{KEY}","signature":"{SIGNATURE}"}}}}'
                await orders.send_frame(text.encode(), aiohttp.WSMsgType.TEXT)
                await orders.receive()
            else:
                text = "&".join(f"{name}={value}" for name, value in {**terms, **PROOF}.items())
                headers = {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}
                url, body = f"http://{HOST}:{port}/api/v3/order", f"{text}&signature={SIGNATURE}"
                async with session.post(url, data=body, headers=headers) as answer:
                    await answer.read()


async def _opened(session: aiohttp.ClientSession, url: str) -> "aiohttp.ClientWebSocketResponse[bool]":
    """Open a websocket of a venue that is starting."""
    while True:
        try:
            return await session.ws_connect(url, decode_text=False)
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(AGAIN_S)


if __name__ == "__main__":
    _, way, port = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(way, int(port)))
