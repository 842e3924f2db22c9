"""Checks the vectors with nothing but the standard library: an independent second reading of the rules.

JCS (RFC 8785), SHA-256, Ed25519 verification (RFC 8032, strict), base58btc did:key, and the split.
Prints one line per file and leaves with 1 at the first disagreement.
"""
import hashlib
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).parent
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def load(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def es_number(value):
    """Number text as ECMAScript writes it; Python's repr has the same shortest digits."""
    if isinstance(value, int):
        if abs(value) < 2**53:
            return str(value)
        value = float(value)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("not a JSON number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0)
    point -= len(whole + fraction) - len((whole + fraction).lstrip("0"))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        text = digits + "0" * (point - count)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        power = point - 1
        text = digits[0] + ("." + digits[1:] if count > 1 else "")
        text += f"e{'+' if power > 0 else '-'}{abs(power)}"
    return sign + text


def jcs(value):
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return jcs_string(value)
    if isinstance(value, (int, float)):
        return es_number(value)
    if isinstance(value, list):
        return "[" + ",".join(jcs(item) for item in value) + "]"
    order = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(jcs_string(name) + ":" + jcs(value[name]) for name in order) + "}"


def jcs_string(text):
    text.encode("utf-8")  # refuses lone surrogates
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    out = []
    for char in text:
        code = ord(char)
        out.append(short.get(code) or (f"\\u{code:04x}" if code < 32 else char))
    return '"' + "".join(out) + '"'


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P)
    return x % P, y % P


def multiply(point, scalar):
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decompress(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        raise ValueError("second encoding")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        raise ValueError("no point")
    return (P - x if x & 1 != sign else x), y


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public_key, message, signature):
    try:
        if len(public_key) != 32 or len(signature) != 64:
            return False
        key, nonce = decompress(public_key), decompress(signature[:32])
        scalar = int.from_bytes(signature[32:], "little")
        if scalar >= L or multiply(key, 8) == (0, 1):
            return False
        digest = hashlib.sha512(signature[:32] + public_key + message).digest()
        challenge = int.from_bytes(digest, "little") % L
        return multiply(BASE, scalar) == add(nonce, multiply(key, challenge))
    except ValueError:
        return False


def did_key(did):
    if not did.startswith("did:key:z"):
        raise ValueError("method")
    number = 0
    for char in did[9:]:
        number = number * 58 + ALPHABET.index(char)
    data = number.to_bytes(34, "big")
    if len(did) > 60 or data[:2] != b"\xed\x01":
        raise ValueError("key type")
    if multiply(decompress(data[2:]), 8) == (0, 1):
        raise ValueError("small order")
    return data[2:]


def signing_bytes(kind, body):
    return f"earnest/v1/{kind}\0".encode() + bytes.fromhex(sha256(jcs(body).encode()))


def must(condition, what):
    if not condition:
        sys.exit(f"disagrees: {what}")


def refuses(work, what):
    try:
        work()
    except (ValueError, OverflowError, UnicodeEncodeError):
        return
    sys.exit(f"should be refused: {what}")


def check_jcs():
    vectors = load("jcs.json")
    for case in vectors["numbers"]:
        value = struct.unpack(">d", bytes.fromhex(case["ieee754"]))[0]
        if case["canonical"] is None:
            refuses(lambda: es_number(value), case["ieee754"])
        else:
            must(es_number(value) == case["canonical"], case["ieee754"])
    for case in vectors["cases"]:
        text = jcs(json.loads(case["json"]))
        must(text == case["canonical"] and sha256(text.encode()) == case["sha256"], case["name"])
    for case in vectors["refused"]:
        refuses(lambda: jcs(json.loads(case["json"])), case["name"])


def check_ed25519():
    vectors = load("ed25519.json")
    for name, expected in (("cases", True), ("refused", False)):
        for case in vectors[name]:
            parts = (bytes.fromhex(case[key]) for key in ("publicKey", "message", "signature"))
            must(ed25519_verify(*parts) is expected, case["name"])


def check_did_key():
    vectors = load("did-key.json")
    for case in vectors["cases"]:
        must(did_key(case["did"]).hex() == case["publicKey"], case["name"])
    for case in vectors["refused"]:
        refuses(lambda: did_key(case["did"]), case["name"])


def check_pact():
    for case in load("pact.json")["cases"]:
        text = jcs(case["pact"])
        must(text == case["canonical"] and sha256(text.encode()) == case["hash"], case["name"])
        message = signing_bytes("pact", case["pact"])
        must(message.hex() == case["signingBytes"], case["name"])
        for party in ("buyer", "seller"):
            key = bytes.fromhex(case[f"{party}Key"])
            must(key == did_key(case["pact"][party]["did"]), f"{case['name']}: {party} key")
            signature = bytes.fromhex(case[f"{party}Signature"])
            must(ed25519_verify(key, message, signature), f"{case['name']}: {party}")


def check_signature():
    vectors = load("signature.json")
    key = bytes.fromhex(vectors["publicKey"])
    for case in vectors["cases"]:
        message = signing_bytes(case["type"], vectors["body"])
        must(message.hex() == case["signingBytes"], case["type"])
        must(ed25519_verify(key, message, bytes.fromhex(case["signature"])), case["type"])
    first, second = vectors["cases"][:2]
    moved = bytes.fromhex(first["signature"])
    must(not ed25519_verify(key, bytes.fromhex(second["signingBytes"]), moved), "moved context")


def check_manifest():
    for case in load("manifest.json")["cases"]:
        files = sorted(case["files"], key=lambda file: file["name"])
        must(jcs(files) == case["canonical"], case["name"])
        must(sha256(jcs(files).encode()) == case["artifactHash"], case["name"])


def check_split():
    names = ("amount", "sellerBps", "protocolFeeBps", "arbitrationFeeBps")
    for case in load("split.json")["cases"]:
        amount, seller_bps, protocol_bps, arbitration_bps = (int(case[name]) for name in names)
        arbitration = amount * arbitration_bps // 10**4 if case["arbitrated"] else 0
        gross = (amount - arbitration) * seller_bps // 10**4
        protocol = min(gross, amount * seller_bps * protocol_bps // 10**8)
        got = (arbitration, protocol, gross - protocol, amount - arbitration - gross)
        want = tuple(int(case[name]) for name in ("arbitration", "protocol", "seller", "buyer"))
        must(got == want and sum(got) == amount, str(case))


def main():
    checks = {
        "jcs.json": check_jcs,
        "ed25519.json": check_ed25519,
        "did-key.json": check_did_key,
        "pact.json": check_pact,
        "signature.json": check_signature,
        "manifest.json": check_manifest,
        "split.json": check_split,
    }
    for name, check in checks.items():
        check()
        print(f"agrees: {name}")


main()
