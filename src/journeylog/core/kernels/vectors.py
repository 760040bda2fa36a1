"""Bytes looked at and copied many at a time, in vectors of the processor.

What a compiler makes of a loop over bytes does not say which of them were found. Here a comparison of 64 bytes becomes 64
bits, in three instructions where the processor has such registers and in a few more where it has smaller ones. Nothing
looks whether there are as many bytes; who calls does. Places are unsigned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

Bytes = npt.NDArray[np.uint8]

__all__ = ["COPIED", "SEEN", "copied", "counted", "found", "high", "lowest", "without_lowest"]

#: Bytes that are looked at at once, and copied at once.
SEEN, COPIED = 64, 32

_ONE = np.uint64(1)
_BYTE = ir.IntType(8)
_SEEN, _COPIED = ir.VectorType(_BYTE, SEEN), ir.VectorType(_BYTE, COPIED)


def found(buf: Bytes, at: Any, byte: Any) -> Any:
    """Return at which of the next 64 places a byte stands, the first as the lowest bit."""
    return np.uint64(sum(int(buf[int(at) + k] == byte) << k for k in range(SEEN)))


def high(buf: Bytes, at: Any) -> Any:
    """Return at which of the next 64 places a byte above 127 stands."""
    return np.uint64(sum(int(buf[int(at) + k] > 127) << k for k in range(SEEN)))


def lowest(bits: Any) -> Any:
    """Return the place of the lowest bit that is set, 64 where none is."""
    return np.uint64((int(bits) & -int(bits)).bit_length() - 1 if bits else SEEN)


def without_lowest(bits: Any) -> Any:
    """Return the bits but the lowest one that is set."""
    return np.uint64(int(bits) & (int(bits) - 1) if bits else 0)


def counted(bits: Any) -> Any:
    """Return how many bits are set."""
    return np.uint64(int(bits).bit_count())


def copied(buf: Bytes, at: Any, data: Bytes, spot: Any) -> None:
    """Copy the 32 bytes from one place to another."""
    data[int(spot) : int(spot) + COPIED] = buf[int(at) : int(at) + COPIED]


@intrinsic
def _found(context: Any, buf: Any, at: Any, byte: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        looked = _loaded(target, builder, signature.args[0], arguments, _SEEN)
        one = builder.insert_element(ir.Constant(_SEEN, ir.Undefined), arguments[2], ir.IntType(32)(0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), SEEN), [0] * SEEN)
        hits = builder.icmp_unsigned("==", looked, builder.shuffle_vector(one, one, everywhere))
        return builder.bitcast(hits, ir.IntType(64))

    return types.uint64(buf, types.uintp, types.uint8), generate


@intrinsic
def _high(context: Any, buf: Any, at: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        looked = _loaded(target, builder, signature.args[0], arguments, _SEEN)
        return builder.bitcast(
            builder.icmp_signed("<", looked, ir.Constant(_SEEN, [0] * SEEN)), ir.IntType(64)
        )

    return types.uint64(buf, types.uintp), generate


@intrinsic
def _lowest(context: Any, bits: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(0))

    return types.uint64(types.uint64), generate


@intrinsic
def _counted(context: Any, bits: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def _copied(context: Any, buf: Any, at: Any, data: Any, spot: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        taken = _loaded(target, builder, signature.args[0], arguments, _COPIED)
        goal = _address(target, builder, signature.args[2], arguments[2:], _COPIED)
        builder.store(taken, goal, align=1)
        return target.get_dummy_value()

    return types.void(buf, types.uintp, data, types.uintp), generate


def _loaded(target: Any, builder: Any, kind: Any, arguments: Any, vector: ir.VectorType) -> Any:
    """Return the bytes of an array from a place on."""
    looked = builder.load(_address(target, builder, kind, arguments, vector))
    looked.align = 1
    return looked


def _address(target: Any, builder: Any, kind: Any, arguments: Any, vector: ir.VectorType) -> Any:
    start = target.make_array(kind)(target, builder, arguments[0]).data
    return builder.bitcast(builder.gep(start, [arguments[1]]), vector.as_pointer())


@overload(found, inline="always")
def _(buf: Any, at: Any, byte: Any) -> Any:
    def compiled(buf: Any, at: Any, byte: Any) -> Any:
        return _found(buf, at, byte)

    return compiled


@overload(high, inline="always")
def _(buf: Any, at: Any) -> Any:
    def compiled(buf: Any, at: Any) -> Any:
        return _high(buf, at)

    return compiled


@overload(lowest, inline="always")
def _(bits: Any) -> Any:
    def compiled(bits: Any) -> Any:
        return _lowest(bits)

    return compiled


@overload(without_lowest, inline="always")
def _(bits: Any) -> Any:
    def compiled(bits: Any) -> Any:
        return bits & (bits - _ONE)

    return compiled


@overload(counted, inline="always")
def _(bits: Any) -> Any:
    def compiled(bits: Any) -> Any:
        return _counted(bits)

    return compiled


@overload(copied, inline="always")
def _(buf: Any, at: Any, data: Any, spot: Any) -> Any:
    def compiled(buf: Any, at: Any, data: Any, spot: Any) -> Any:
        return _copied(buf, at, data, spot)

    return compiled
