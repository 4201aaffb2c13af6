"""Tasks of a shell: none outlives it, and what one raises is told to the loop."""

import asyncio

from agents.venues.shell_tasks import ShellTasks


async def _fail():
    raise ArithmeticError("of this one")


def test_what_a_task_raises_is_handed_to_the_loop():
    async def run():
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        await asyncio.wait([ShellTasks("bybit").begin(_fail())])
        await asyncio.sleep(0)
        return told

    (context,) = asyncio.run(run())
    assert "bybit" in context["message"]
    assert repr(context["exception"]) == "ArithmeticError('of this one')"


def test_cancel_ends_all_and_tells_nothing():
    async def run():
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        tasks = ShellTasks("okx")
        begun = [tasks.begin(asyncio.sleep(60)) for _ in range(3)]
        await tasks.cancel()
        return told, [task.cancelled() for task in begun]

    assert asyncio.run(run()) == ([], [True] * 3)
