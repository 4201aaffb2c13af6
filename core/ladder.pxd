"""One side of an order book: quantity by price, best first, as inlined C.

The idea: nearly every update of a book lands close to its best price, so the levels near the best are an array
indexed by price (the window) and the rest is a sorted list (the far levels). In the window, a level is one store; a
tree of bits three words high marks the slots in use, so the next best level is three count-leading-zeros away,
however wide the hole. When the best price leaves the window, or sinks towards its far end, the window is centred
again; nothing is ever dropped.

Both sides run the same code: a `key` is the price on the bid side and minus the price on the ask side, so the better
level is always the one with the higher key.

Holds between calls of `ladder_apply`: every far level is worse than every slot of the window, and the window is empty
only when the side is.

Memory: eight bytes per slot, fixed, and sixteen per level that the side ever held at once (twice that after growth).
"""

from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memmove

from core.levels cimport COUNT_MAX, level_at, level_t

cdef extern from *:
    int clz "__builtin_clzll"(unsigned long long bits) noexcept nogil


cdef enum:
    SLOTS_MIN = 64
    SLOTS_MAX = 262144  # 64**3: what three levels of 64-bit words can mark

cdef struct far_t:
    int64_t key
    int64_t lots

cdef struct ladder_t:
    int64_t sign      # 1 bids, -1 asks
    int64_t base      # key of slot 0
    int64_t best      # highest slot in use, -1 if none
    size_t slots
    size_t near       # levels in the window
    int64_t* lots     # by slot, 0 = no level
    uint64_t* words   # bit = slot in use
    uint64_t* groups  # bit = word not zero
    uint64_t top      # bit = group not zero
    far_t* far        # best first
    size_t far_count
    size_t far_capacity

cdef struct cursor_t:
    const ladder_t* ladder
    int64_t slot
    size_t far


cdef inline bint ladder_create(ladder_t* side, int64_t sign, size_t slots) noexcept nogil:
    # False without memory; `side` must be zeroed, and `ladder_free` is due either way.
    cdef size_t words = slots >> 6
    side.sign = sign
    side.slots = slots
    side.best = -1
    side.lots = <int64_t*>calloc(slots, sizeof(int64_t))
    side.words = <uint64_t*>calloc(words, sizeof(uint64_t))
    side.groups = <uint64_t*>calloc((words + 63) >> 6, sizeof(uint64_t))
    return side.lots != NULL and side.words != NULL and side.groups != NULL


cdef inline void ladder_free(ladder_t* side) noexcept nogil:
    free(side.lots)
    free(side.words)
    free(side.groups)
    free(side.far)


cdef inline size_t ladder_levels(const ladder_t* side) noexcept nogil:
    return side.near + side.far_count


cdef inline bint ladder_check(int64_t sign, const uint8_t* levels, size_t count, int64_t* best_key) noexcept nogil:
    # True if every level is in range; `best_key` is then the best one that is not a deletion, INT64_MIN if none.
    cdef level_t level
    cdef size_t i
    best_key[0] = INT64_MIN
    for i in range(count):
        level = level_at(levels, i)
        # Without a sign, what is less than it may be is more than it may be.
        if <uint64_t>level.price_ticks - 1 >= <uint64_t>COUNT_MAX or <uint64_t>level.qty_lots > <uint64_t>COUNT_MAX:
            return False
        if level.qty_lots and sign * level.price_ticks > best_key[0]:
            best_key[0] = sign * level.price_ticks
    return True


cdef inline bint ladder_reserve(ladder_t* side, size_t count) noexcept nogil:
    # Make room for `count` more levels, wherever they land, so that applying them cannot fail; False without memory.
    cdef size_t needed = ladder_levels(side) + count
    cdef far_t* grown
    if needed <= side.far_capacity:
        return True
    needed += needed >> 1
    grown = <far_t*>realloc(side.far, needed * sizeof(far_t))
    if grown == NULL:
        return False
    side.far = grown
    side.far_capacity = needed
    return True


cdef inline void ladder_apply(ladder_t* side, const uint8_t* levels, size_t count, int64_t best_key) noexcept nogil:
    # Apply checked levels for which room is reserved; `best_key` is what `ladder_check` found.
    cdef level_t level
    cdef size_t i
    if best_key != INT64_MIN and (ladder_levels(side) == 0 or best_key >= side.base + <int64_t>side.slots):
        centre(side, best_key)
    for i in range(count):
        level = level_at(levels, i)
        put(side, side.sign * level.price_ticks, level.qty_lots)
    if side.far_count:
        if side.near == 0:
            centre(side, side.far[0].key)
        elif side.best < <int64_t>(side.slots >> 2):
            centre(side, side.base + side.best)


cdef inline void ladder_clear(ladder_t* side) noexcept nogil:
    while side.best >= 0:
        take_best(side)
    side.far_count = 0


cdef inline int64_t ladder_price(const ladder_t* side) noexcept nogil:
    # The best price, 0 if the side is empty.
    return side.sign * (side.base + side.best) if side.best >= 0 else 0


cdef inline int64_t ladder_qty(const ladder_t* side) noexcept nogil:
    # The quantity at the best price, 0 if the side is empty.
    return side.lots[side.best] if side.best >= 0 else 0


cdef inline int64_t ladder_qty_at(const ladder_t* side, int64_t key) noexcept nogil:
    cdef uint64_t slot = <uint64_t>(key - side.base)
    cdef size_t i
    if slot < side.slots:
        return side.lots[slot]
    i = far_find(side, key)
    return side.far[i].lots if i < side.far_count and side.far[i].key == key else 0


cdef inline cursor_t cursor_start(const ladder_t* side) noexcept nogil:
    cdef cursor_t cursor
    cursor.ladder = side
    cursor.slot = side.best
    cursor.far = 0
    return cursor


cdef inline bint cursor_next(cursor_t* cursor, level_t* level) noexcept nogil:
    # Store the next level, best first, and return True; False behind the last.
    cdef const ladder_t* side = cursor.ladder
    if cursor.slot >= 0:
        level.price_ticks = side.sign * (side.base + cursor.slot)
        level.qty_lots = side.lots[cursor.slot]
        cursor.slot = highest_below(side, <size_t>cursor.slot)
        return True
    if cursor.far < side.far_count:
        level.price_ticks = side.sign * side.far[cursor.far].key
        level.qty_lots = side.far[cursor.far].lots
        cursor.far += 1
        return True
    return False


cdef inline void put(ladder_t* side, int64_t key, int64_t lots) noexcept nogil:
    cdef uint64_t slot = <uint64_t>(key - side.base)
    if slot < side.slots:
        near_put(side, <size_t>slot, lots)
    else:
        far_put(side, key, lots)


cdef inline void near_put(ladder_t* side, size_t slot, int64_t lots) noexcept nogil:
    cdef int64_t before = side.lots[slot]
    side.lots[slot] = lots
    if lots:
        if before == 0:
            mark(side, slot)
            side.near += 1
            if <int64_t>slot > side.best:
                side.best = <int64_t>slot
    elif before:
        unmark(side, slot)
        side.near -= 1
        if <int64_t>slot == side.best:
            side.best = highest(side)


cdef inline void far_put(ladder_t* side, int64_t key, int64_t lots) noexcept nogil:
    cdef size_t i = far_find(side, key)
    cdef far_t* place = side.far + i
    cdef size_t behind = side.far_count - i
    if behind and place.key == key:
        if lots:
            place.lots = lots
        else:
            memmove(place, place + 1, (behind - 1) * sizeof(far_t))
            side.far_count -= 1
    elif lots:
        memmove(place + 1, place, behind * sizeof(far_t))
        place.key = key
        place.lots = lots
        side.far_count += 1


cdef inline size_t far_find(const ladder_t* side, int64_t key) noexcept nogil:
    # Index of the first far level that is not better than `key`.
    cdef size_t low = 0
    cdef size_t high = side.far_count
    cdef size_t middle
    while low < high:
        middle = (low + high) >> 1
        if side.far[middle].key > key:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline void centre(ladder_t* side, int64_t key) noexcept nogil:
    # Move the window so that `key`, which no level may exceed, has a quarter of it above and three quarters below.
    cdef size_t count = side.near
    cdef size_t i
    if count:
        memmove(side.far + count, side.far, side.far_count * sizeof(far_t))
        for i in range(count):
            side.far[i].key = side.base + side.best
            side.far[i].lots = side.lots[side.best]
            take_best(side)
        side.far_count += count
    side.base = key - <int64_t>(side.slots - (side.slots >> 2))
    count = 0
    while count < side.far_count and side.far[count].key >= side.base:
        near_put(side, <size_t>(side.far[count].key - side.base), side.far[count].lots)
        count += 1
    if count:
        side.far_count -= count
        memmove(side.far, side.far + count, side.far_count * sizeof(far_t))


cdef inline void take_best(ladder_t* side) noexcept nogil:
    near_put(side, <size_t>side.best, 0)


cdef inline void mark(ladder_t* side, size_t slot) noexcept nogil:
    side.words[slot >> 6] |= <uint64_t>1 << (slot & 63)
    side.groups[slot >> 12] |= <uint64_t>1 << ((slot >> 6) & 63)
    side.top |= <uint64_t>1 << (slot >> 12)


cdef inline void unmark(ladder_t* side, size_t slot) noexcept nogil:
    side.words[slot >> 6] &= ~(<uint64_t>1 << (slot & 63))
    if side.words[slot >> 6] == 0:
        side.groups[slot >> 12] &= ~(<uint64_t>1 << ((slot >> 6) & 63))
        if side.groups[slot >> 12] == 0:
            side.top &= ~(<uint64_t>1 << (slot >> 12))


cdef inline int64_t highest(const ladder_t* side) noexcept nogil:
    # The highest slot in use, -1 if none.
    return highest_in_group(side, side.top)


cdef inline int64_t highest_below(const ladder_t* side, size_t slot) noexcept nogil:
    # The highest slot in use below `slot`, -1 if none.
    cdef size_t word = slot >> 6
    cdef uint64_t bits = side.words[word] & below(slot & 63)
    if bits:
        return <int64_t>(word << 6 | high_bit(bits))
    bits = side.groups[word >> 6] & below(word & 63)
    if bits:
        return highest_in_word(side, word >> 6 << 6 | high_bit(bits))
    return highest_in_group(side, side.top & below(word >> 6))


cdef inline int64_t highest_in_group(const ladder_t* side, uint64_t groups) noexcept nogil:
    cdef size_t group
    if groups == 0:
        return -1
    group = high_bit(groups)
    return highest_in_word(side, group << 6 | high_bit(side.groups[group]))


cdef inline int64_t highest_in_word(const ladder_t* side, size_t word) noexcept nogil:
    return <int64_t>(word << 6 | high_bit(side.words[word]))


cdef inline size_t high_bit(uint64_t bits) noexcept nogil:
    return <size_t>(63 - clz(bits))


cdef inline uint64_t below(size_t bit) noexcept nogil:
    return (<uint64_t>1 << bit) - 1
