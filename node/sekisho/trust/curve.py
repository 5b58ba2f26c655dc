"""Which points of Curve25519 can be somebody's public key.

`cryptography` checks signatures but accepts public keys of low order, under which one signature
fits many messages, and keys with a second spelling, under which one key has two ids. A key is
admitted when its bytes are the one encoding of a point that lies on the curve, in the subgroup of
prime order, and is not the neutral element. Arithmetic follows RFC 8032, section 5.1; it handles
public values only and runs when a member is registered, never per query.
"""

from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER = 2**252 + 27742317777372353535851937790883648493
_ROOT = pow(2, (_P - 1) // 4, _P)
_KEY_BYTES = 32

_Point: TypeAlias = tuple[int, int, int, int]
"""Extended homogeneous coordinates (X, Y, Z, T)."""
_NEUTRAL: _Point = (0, 1, 1, 0)


def check_signing_key(public: bytes) -> str:
    """Say why bytes cannot be an Ed25519 public key, or return an empty text."""
    if len(public) != _KEY_BYTES:
        return "has not 32 bytes"
    sign, y = public[31] >> 7, int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _P:
        return "is not in canonical form"
    x = _x_of(y, sign)
    if x is None:
        return "is not a point of the curve"
    if x == 0:
        return "is of low order"
    point = (x, y, 1, x * y % _P)
    if _is_neutral(_times(8, point)):
        return "is of low order"
    return "" if _is_neutral(_times(_ORDER, point)) else "is not of prime order"


def check_agreement_key(public: bytes) -> str:
    """Say why bytes cannot be an X25519 public key, or return an empty text."""
    if len(public) != _KEY_BYTES:
        return "has not 32 bytes"
    if int.from_bytes(public, "little") >= _P:
        return "is not in canonical form"
    try:
        _PROBE.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        return "is of low order"
    return ""


_PROBE = X25519PrivateKey.from_private_bytes(bytes(_KEY_BYTES))
"""No secret: a point of low order gives zero with every private key, so with this one."""


def _x_of(y: int, sign: int) -> int | None:
    """Recover the x coordinate, or None when there is no such point."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P:
        return None
    if x == 0 and sign:
        return None
    return x if x & 1 == sign else _P - x


def _is_neutral(point: _Point) -> bool:
    """Tell whether a point is the neutral element."""
    x, y, z, _ = point
    return x % _P == 0 and (y - z) % _P == 0


def _add(left: _Point, right: _Point) -> _Point:
    """Add two points; complete, so also a point to itself."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c = 2 * left[3] * right[3] * _D % _P
    d = 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(scalar: int, point: _Point) -> _Point:
    """Multiply a point, in variable time: nothing here is secret."""
    total = _NEUTRAL
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total
