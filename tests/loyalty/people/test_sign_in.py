"""Who comes in, and who does not: by mail, by password, by the shop's word (acceptance 3, contracts §5)."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest

from tests.make import NOON, Shopper, World, who
from widget_server import clock, job_queue
from widget_server.delivery import mail
from widget_server.errors import (
    BadSignature,
    CodeExpired,
    EmailInvalid,
    LeftProgram,
    PasswordWeak,
    SignedOut,
    WrongCode,
    WrongCredentials,
)
from widget_server.loyalty.people import customers, passwords, privacy, sessions, sign_in, sign_in_codes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.referrals import referrals

ANN = "ann@example.com"
HERS, MALLORYS = "ferns like the shade", "i was here before her"


@pytest.fixture(scope="module")
def hers() -> str:
    """Hashing is slow: once is enough."""
    return passwords.hash_password(HERS)


@pytest.fixture(scope="module")
def mallorys() -> str:
    return passwords.hash_password(MALLORYS)


def mails(world: World) -> list[dict[str, Any]]:
    """The letters that wait to be sent, oldest first."""
    jobs = job_queue.Job.everywhere().where(job_queue.Job.name == "send_mail").order_by(job_queue.Job.created_at)
    return [mail.opened(job.payload) for job in jobs]


def ask(world: World, email: str = ANN, **wishes: Any) -> sign_in_codes.CodeRequest:
    return sign_in.ask(world.shop, email, purpose="sign_up", locale="en", wishes=wishes)


# By her own e-mail


def test_the_code_of_the_mail_makes_her_a_member(world: World, hers: str) -> None:
    asked = ask(world, "Ann@Example.com", name="Ann", password_hash=hers, accepts_marketing=True, locale="de")
    letter = mails(world)[0]
    assert (letter["to"], letter["template"]) == ("Ann@Example.com", "sign_up")
    assert letter["values"]["code"] == asked.code
    assert Customer.of(world.shop).count() == 0
    signed = sign_in.confirm(world.shop, asked.challenge, letter["values"]["code"])
    person = signed.customer
    assert (person.status, person.name, person.locale, person.accepts_marketing) == ("member", "Ann", "de", True)
    assert (person.email, person.email_verified) == ("Ann@Example.com", True)
    assert who(world.shop, signed.opened.token).id == person.id


def test_a_wrong_code_makes_nobody(world: World) -> None:
    asked = ask(world)
    with pytest.raises(WrongCode):
        sign_in.confirm(world.shop, asked.challenge, "x")
    with pytest.raises(CodeExpired):
        sign_in.confirm(World.create().shop, asked.challenge, asked.code)
    assert Customer.select().count() == 0


def test_an_incomplete_address_gets_no_mail(world: World) -> None:
    for typed in ("", "ann", "ann@", "@example.com", "ann@example", "a nn@example.com", "a" * 255 + "@b.c"):
        with pytest.raises(EmailInvalid):
            ask(world, typed)
    assert mails(world) == []


def test_answer_and_mail_are_the_same_whether_or_not_she_has_an_account(world: World, hers: str) -> None:
    world.member(ANN, password_hash=hers)
    job_queue.Job.delete().execute()
    for purpose in ("sign_up", "sign_in", "reset"):
        known, unknown = (
            sign_in.ask(world.shop, email, purpose=purpose, locale="en") for email in (ANN, "nobody@example.com")
        )
        letters = mails(world)[-2:]
        for asked, letter in zip((known, unknown), letters, strict=True):
            assert (len(asked.challenge), len(asked.code)) == (len(known.challenge), 8)
            assert letter["template"] == purpose
            assert set(letter["values"]) == {"code", "link"}


def test_the_link_confirms_but_signs_nobody_in(world: World) -> None:
    asked = ask(world)
    assert sign_in.confirm_by_link(asked.link) == sign_in.Followed(world.shop, ANN, None)
    ann = customers.by_verified_email(world.shop.id, ANN)
    assert ann.is_member
    assert sessions.Session.of(world.shop).count() == 0
    for again in (lambda: sign_in.confirm_by_link(asked.link), lambda: ask_again(world, asked)):
        with pytest.raises(CodeExpired):
            again()


def ask_again(world: World, asked: sign_in_codes.CodeRequest) -> None:
    """Whoever asked types the code although the link was followed."""
    sign_in.confirm(world.shop, asked.challenge, asked.code)


def test_who_signs_up_with_another_s_address_gains_nothing_when_she_follows_the_link(
    world: World, mallorys: str
) -> None:
    world.order_rule(10)
    world.guest_orders(ANN)
    asked = ask(world, name="Mallory", password_hash=mallorys)  # Mallory types Ann's address
    sign_in.confirm_by_link(asked.link)  # Ann opens her mail
    ann = Shopper(world, customers.by_verified_email(world.shop.id, ANN).id, "")
    assert (ann.balance, ann.customer.name, ann.customer.password_hash) == (200, None, None)
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.shop, ANN, MALLORYS)
    with pytest.raises(CodeExpired):
        sign_in.confirm(world.shop, asked.challenge, asked.code)
    assert sessions.Session.of(world.shop).count() == 0


def test_a_link_does_not_change_what_she_has_set_herself(world: World, hers: str, mallorys: str) -> None:
    ann = world.member(ANN, name="Ann", password_hash=hers)
    sign_in.confirm_by_link(ask(world, name="Mallory", password_hash=mallorys).link)
    assert (ann.customer.name, ann.customer.password_hash) == ("Ann", hers)
    assert who(world.shop, ann.token).id == ann.id


def test_e_mail_and_password(world: World, hers: str) -> None:
    ann = world.member(ANN, password_hash=hers)
    signed = sign_in.with_password(world.shop, "ANN@example.com ", HERS)
    assert signed.customer.id == ann.id
    assert who(world.shop, signed.opened.token).id == ann.id
    assert who(world.shop, ann.token).id == ann.id
    world.member("bob@example.com")  # came by code, has no password
    refusals = []
    for email, password in ((ANN, "x" + HERS), (ANN, ""), ("nobody@example.com", HERS), ("bob@example.com", HERS)):
        with pytest.raises(WrongCredentials) as refused:
            sign_in.with_password(world.shop, email, password)
        refusals.append((refused.value.code, refused.value.message, refused.value.facts))
    assert len({str(one) for one in refusals}) == 1
    with pytest.raises(WrongCredentials):
        sign_in.with_password(World.create().shop, ANN, HERS)


def test_a_password_on_an_unproven_row_opens_nothing(world: World, mallorys: str) -> None:
    mallory = world.vouched("m-1", ANN, verified=False)
    customers.update(mallory.customer, password_hash=mallorys)
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.shop, ANN, MALLORYS)


def test_a_reset_sets_the_password_and_signs_her_out_everywhere_else(world: World, hers: str) -> None:
    ann = world.member(ANN, password_hash=hers)
    bob = world.member("bob@example.com")
    asked = sign_in.ask(world.shop, ANN, purpose="reset", locale="en")
    with pytest.raises(PasswordWeak):  # the code is not lost by it
        sign_in.confirm(world.shop, asked.challenge, asked.code, password="short")
    signed = sign_in.confirm(world.shop, asked.challenge, asked.code, password="another shady fern")
    assert who(world.shop, signed.opened.token).id == ann.id
    with pytest.raises(SignedOut):
        who(world.shop, ann.token)
    assert who(world.shop, bob.token).id == bob.id
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.shop, ANN, HERS)
    assert sign_in.with_password(world.shop, ANN, "another shady fern").customer.id == ann.id


def test_signing_up_anew_with_a_password_is_a_reset(world: World, hers: str) -> None:
    ann = world.member(ANN)
    again = world.member(ANN, password_hash=hers)
    assert again.id == ann.id
    with pytest.raises(SignedOut):
        who(world.shop, ann.token)
    with_code = world.member(ANN)  # a code alone closes nothing
    assert who(world.shop, again.token).id == who(world.shop, with_code.token).id == ann.id


def test_signing_out_closes_this_panel(world: World) -> None:
    first, second = world.member(ANN), world.member(ANN)
    sign_in.sign_out(world.shop, first.token)
    with pytest.raises(SignedOut):
        who(world.shop, first.token)
    assert who(world.shop, second.token).id == first.id


def test_a_token_of_another_shop_opens_nothing(world: World) -> None:  # acceptance 9
    ann = world.member(ANN)
    other = World.create()
    other.member(ANN)
    with pytest.raises(SignedOut):
        who(other.shop, ann.token)


def test_the_forgotten_are_signed_out(world: World) -> None:
    ann = world.member(ANN)
    sessions.open_session(world.shop.id, ann.id)
    privacy.erase(world.shop, ann.customer)
    with pytest.raises(SignedOut):
        who(world.shop, ann.token)


def test_a_sign_in_is_activity(world: World, hers: str) -> None:
    with clock.at(NOON):
        ann = world.member(ANN, password_hash=hers)
    with clock.at(NOON + timedelta(days=40)):
        sign_in.with_password(world.shop, ANN, HERS)
    assert ann.account.last_activity_at == NOON + timedelta(days=40)


def test_what_became_of_the_code_she_came_with(world: World) -> None:  # acceptance 41
    world.refer()
    ann = world.member(ANN)
    code = ann.customer.referral_code

    def came(email: str, code: str | None) -> str | None:
        asked = ask(world, email, referral_code=code)
        return sign_in.confirm(world.shop, asked.challenge, asked.code).referral

    assert came("bob@example.com", code) == "bound"
    assert came("ann+2@example.com", code) == "blocked"
    assert came("cid@example.com", "NOBODYS") is None
    assert came("dan@example.com", None) is None
    assert came("dan@example.com", code) is None  # she is a member already
    sign_in.confirm_by_link(ask(world, "eve@example.com", referral_code=code).link)
    eve = customers.by_verified_email(world.shop.id, "eve@example.com")
    assert referrals.Referral.need(world.shop, referrals.Referral.friend_id == eve.id).advocate_id == ann.id


# By the shop's word


def test_the_shop_s_word_makes_a_member_of_its_customer(world: World) -> None:  # acceptance 3
    word = world.token(sub="c-9", email="Ann@Example.com", email_verified=True, name="Ann Lee", locale="de", more=[1])
    signed = sign_in.with_identity(world.shop, word)
    person = signed.customer
    assert (person.external_id, person.email, person.email_verified) == ("c-9", "Ann@Example.com", True)
    assert (person.status, person.name, person.locale) == ("member", "Ann Lee", "de")
    assert who(world.shop, signed.opened.token).id == person.id
    assert world.vouched("c-9").id == person.id


def test_only_true_is_verified(world: World) -> None:  # contracts §5
    world.order_rule(10)
    world.guest_orders(ANN)
    for claim in (None, False, "true", 1, "yes", [True]):
        signed = sign_in.with_identity(world.shop, world.token(sub="m-1", email=ANN, email_verified=claim))
        assert not signed.customer.email_verified, claim
        assert Shopper(world, signed.customer.id, "").balance == 0


def test_who_left_comes_back_by_her_own_choice_only(world: World) -> None:  # acceptance 52
    ann = world.vouched("c-1", ANN, verified=True)
    customers.leave(ann.customer)
    word = world.token(sub="c-1", email=ANN, email_verified=True)
    with pytest.raises(LeftProgram):
        sign_in.with_identity(world.shop, word)
    assert not ann.customer.is_member
    signed = sign_in.with_identity(world.shop, word, join=True)  # the same word: it was not swapped
    assert signed.customer.is_member
    assert world.vouched("c-1").id == ann.id


def test_a_word_is_good_once(world: World) -> None:
    word = world.token()
    sign_in.with_identity(world.shop, word)
    with pytest.raises(BadSignature):
        sign_in.with_identity(world.shop, word)
    with pytest.raises(BadSignature):  # the jti counts, not the text
        sign_in.with_identity(world.shop, world.token(sub="c-2", jti=sign_in.read_identity(world.shop, word)["jti"]))
    assert Customer.of(world.shop).count() == 1


def signed_by(secret: str, algorithm: str = "HS256", **header: Any) -> Callable[[World], str]:
    def make(world: World) -> str:
        claims = jwt.decode(world.token(), options={"verify_signature": False, "verify_aud": False})
        return jwt.encode(claims, secret, algorithm, headers=header or None)

    return make


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(world: World) -> str:
    body = world.token().split(".")[1]
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}."


def tampered(world: World) -> str:
    head, _, mark = world.token(sub="c-1").split(".")
    _, body, _ = world.token(sub="c-2").split(".")
    return f"{head}.{body}.{mark}"


def hs512(world: World) -> str:
    return signed_by(world.shop.identity_secret, "HS512")(world)


def word(**claims: Any) -> Callable[[World], str]:
    return lambda world: world.token(**claims)


def seconds(moment_from_now: float) -> int:
    return int(NOON.timestamp() + moment_from_now)


BAD = {
    "wrong secret": signed_by("a secret that is none of the shop's, but long enough for it"),
    "webhook secret": lambda world: signed_by(world.shop.webhook_secret)(world),
    "alg none": unsigned,
    "alg none with a mark": lambda world: unsigned(world) + "x",
    "alg HS512": hs512,
    "another body": tampered,
    "another shop": lambda world: World.create().token(),
    "aud of another shop": word(aud="another"),
    "aud of several shops": lambda world: world.token(aud=[world.shop.id, "another"]),
    "expired": word(iat=seconds(-400), exp=seconds(0)),
    "longer than 10 minutes": word(iat=seconds(0), exp=seconds(601)),
    "iat far back, exp far on": word(iat=seconds(-500), exp=seconds(500)),
    "iat in the future": word(iat=seconds(61), exp=seconds(120)),
    "exp before iat": word(iat=seconds(30), exp=seconds(-30)),
    **{f"no {name}": word(**{name: None}) for name in ("aud", "sub", "jti", "iat", "exp")},
    **{f"sub {value!r}": word(sub=value) for value in ("", " ", 7, True, ["c-1"], {"id": 1}, "x" * 256, "a\x00b")},
    **{f"jti {value!r}": word(jti=value) for value in ("", 7, ["j"], "x" * 256, "\x00")},
    **{
        f"{name} {value!r}": word(**{name: value})
        for name in ("iat", "exp")
        for value in ("now", str(seconds(60)), True, 10**30, -(10**30), 1e300, float("nan"), float("inf"), [1], {})
    },
    **{f"email {value!r}": word(email=value) for value in (7, ["a@b.c"], {"a": 1}, "a\ud800@b.cc", "x" * 300)},
    **{f"name {value!r}": word(name=value) for value in (7, ["Ann"], "A\x00", "x" * 256)},
    "locale of a wrong type": word(locale=7),
    "no token": lambda world: "",
    "two parts": lambda world: world.token().rpartition(".")[0],
    "nonsense": lambda world: "a.b.c",
    "a body that is no object": lambda world: jwt.api_jws.encode(b"[1]", world.shop.identity_secret, "HS256"),
    "not ascii": lambda world: "é.è.ê",
}


def test_a_word_that_is_not_good_makes_nobody(world: World) -> None:  # acceptance 3
    accepted = []
    with clock.at(NOON):
        for why, make in BAD.items():
            try:
                sign_in.with_identity(world.shop, make(world))
            except BadSignature:
                continue
            accepted.append(why)
    assert accepted == []
    assert Customer.select().count() == sessions.Session.select().count() == sessions.UsedToken.select().count() == 0


def test_a_word_that_is_just_good_enough(world: World) -> None:
    start = NOON.timestamp()
    with clock.at(NOON):
        for iat, exp in ((0, 600), (60, 600), (-599, 1), (-0.5, 30.5)):  # longest, its clock ahead, last, fractions
            assert sign_in.with_identity(world.shop, world.token(iat=start + iat, exp=start + exp)).customer.is_member


def test_a_name_in_any_script_comes_through(world: World) -> None:
    name = "می\u200cخواهم 李"
    assert sign_in.with_identity(world.shop, world.token(name=name)).customer.name == name
