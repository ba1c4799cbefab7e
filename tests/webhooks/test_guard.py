"""Where a webhook may never go: a corpus of addresses, redirects, answers of name servers."""

import socket

import pytest
from django.core.exceptions import ValidationError

from tests import factories
from zone.models import ApprovedHost, WebhookEndpoint
from zone.webhooks import sending
from zone.webhooks.guard import Guard

# Never a receiver, whatever stands in the approval. The host oa.example.cn is approved for all
# networks there are, past the rules of its form.
BAD_URLS = [
    # schemes
    "ftp://oa.example.cn/", "file:///etc/passwd", "gopher://oa.example.cn/", "//oa.example.cn/",
    "oa.example.cn", "HTTPS://oa.example.cn/", "https:/oa.example.cn/", "https:oa.example.cn",
    "javascript:alert(1)", "unix:///var/run/docker.sock", "", "https://", "https:///",
    # user names, and other ways to say two hosts in one address
    "https://user@oa.example.cn/", "https://user:word@oa.example.cn/",
    "https://oa.example.cn@evil.cn/",
    "https://evil.cn\\@oa.example.cn/", "https://oa.example.cn\\.evil.cn/",
    "https://oa.example.cn#@evil.cn/",
    "https://oa.example.cn#x", "https://oa.example.cn?@evil.cn/",
    "https://oa.example.cn%2eevil.cn/",
    "https://evil.cn/https://oa.example.cn/", "https://oa.example.cn.evil.cn/",
    "https://evil.oa.example.cn/",
    # spellings of a host
    "https://oa.example.cn./", "https://OA.example.cn/", "https://oa..example.cn/",
    "https://.oa.example.cn/",
    "https://oa.example.cn\u3002/", "https://oa\uff0eexample.cn/",
    "https://\u24de\u24d0.example.cn/",
    "https://o\u0430.example.cn/", "https://oa.example.cn\u200b/", "https://\u653f\u52a1.cn/",
    "https://oa.exam\u017fle.cn/", "https://xn--a-ecp.example.cn/",
    # ports
    "https://oa.example.cn:22/", "https://oa.example.cn:6379/", "https://oa.example.cn:0443/",
    "https://oa.example.cn:0/", "https://oa.example.cn:65536/", "https://oa.example.cn:99999/",
    "https://oa.example.cn:/", "https://oa.example.cn:443:80/", "https://oa.example.cn:-1/",
    "https://oa.example.cn:\u0664\u0664\u0663/", "https://oa.example.cn: 443/",
    # white space and control characters
    " https://oa.example.cn/", "https://oa.example.cn/ ", "https://oa.example.cn/\n",
    "https://oa.exa\tmple.cn/",
    "https://oa.example.cn/\r\nX: 1", "https://oa.example.cn/\x00",
    "https://oa.example.cn/ HTTP/1.1",
    # this machine, by name
    "https://localhost/", "https://a.localhost/", "https://localhost.localdomain/",
    "https://ip6-localhost/",
    # addresses of IPv4, and their other spellings
    "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://017700000001/", "https://127.0.0.01/",
    "https://127.255.255.254/", "https://0/", "https://0.0.0.0/", "https://0.1.2.3/",
    "https://169.254.169.254/",
    "https://2852039166/", "https://0xa9fea9fe/", "https://0251.0376.0251.0376/",
    "https://169.254.1.1/",
    "https://169.254.43518/", "https://100.100.100.200/", "https://168.63.129.16/",
    "https://224.0.0.1/",
    "https://239.255.255.250/", "https://240.0.0.1/", "https://255.255.255.255/", "https://1.2.3/",
    "https://1.2.3.4.5/", "https://256.1.1.1/", "https://1.1.1.1.",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://\u2460\u2461\u2466.0.0.1/", "https://127.0.0.1.nip.io/", "https://127%2e0%2e0%2e1/",
    # addresses of IPv6, and what they hide
    "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/", "https://[::ffff:a9fe:a9fe]/", "https://[::127.0.0.1]/",
    "https://[::7f00:1]/",
    "https://[::ffff:0:7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:7f00:1::]/", "https://[2001::1]/", "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/", "https://[fec0::1]/", "https://[ff02::1]/",
    "https://[fd00:ec2::254]/",
    "https://[2001:db8::5efe:7f00:1]/", "https://[2001:db8::200:5efe:a9fe:a9fe]/", "https://::1/",
    "https://[127.0.0.1]/", "https://[oa.example.cn]/", "https://[::1/", "https://fe80::1/",
    "https://[2001:DB8::1]/", "https://[2001:0db8::1]/",
]  # fmt: skip
NEVER = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.9.9.9", "169.254.169.254", "169.254.0.1", "192.0.0.1",
    "192.0.0.192", "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "100.100.100.200", "168.63.129.16", "::", "::1", "::7f00:1", "::ffff:10.20.0.1",
    "::ffff:127.0.0.1", "::ffff:0:a14:1", "64:ff9b::a14:1", "64:ff9b:1::1", "100::1",
    "2001:0:a14:1::", "2002:a14:1::1", "fd00:ec2::254", "fe80::1", "fe80::1%2", "fec0::1",
    "ff02::1", "2001:db8::5efe:a14:1", "2001:db8::200:5efe:a14:1", "not an address", "",
    "0x7f.1", "127.1", "2130706433",
]  # fmt: skip
ALL = ["0.0.0.0/0", "::/0"]


@pytest.fixture
def everything(db):
    """Approve a host for all networks, past the rules of the form."""
    host = factories.make_host()
    ApprovedHost.objects.update(networks=ALL)
    host.refresh_from_db()
    return host


def approve_whatever_it_says(url: str):
    """Approve the text between // and / as it is, so that only the rules of spelling are left."""
    name = url.partition("//")[2].partition("/")[0].strip("[]")[:253].replace("\0", "")
    defaults = {"networks": ALL, "reason": "x"}
    ApprovedHost.objects.get_or_create(host=name, defaults=defaults)


def test_the_corpus_is_large_enough():
    assert len(set(BAD_URLS)) == len(BAD_URLS) > 110
    assert len(set(NEVER)) == len(NEVER) > 35


NEEDS_APPROVAL = ("evil.cn", "oa.example.cn.evil", "evil.oa", "nip.io", "xn--a-ecp")


@pytest.mark.parametrize("url", BAD_URLS)
def test_no_bad_address_is_saved_or_called(everything, monkeypatch, url):
    if not any(name in url for name in NEEDS_APPROVAL):
        approve_whatever_it_says(url)
    called = []
    monkeypatch.setattr(socket.socket, "connect", lambda *args: called.append(args))
    client = factories.make_client(scopes=["changes:read", "leads:read"])
    with pytest.raises(ValidationError) as refusal:
        WebhookEndpoint(client=client, url=url).full_clean()
    assert list(refusal.value.message_dict) == ["url"]
    # And had it been written past the form, nothing would be sent.
    hosts = {host.host: host for host in ApprovedHost.objects.all()}
    # A resolver that knows every name: it is not the name that is in doubt.
    outcome = sending.send(url, hosts, {}, b"", guard=Guard(lambda *name: ["93.184.216.34"]))
    assert (outcome.fault, called) == ("REFUSED", [])


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("others", [[], ["93.184.216.34"], ["10.20.0.1"]])
def test_one_forbidden_answer_among_good_ones_refuses_all(everything, monkeypatch, address, others):
    called = []
    monkeypatch.setattr(socket.socket, "connect", lambda *args: called.append(args))
    for answers in ([address, *others], [*others, address]):
        outcome = sending.send(
            "https://oa.example.cn/",
            {everything.host: everything},
            {},
            b"",
            guard=Guard(lambda *name, answers=answers: answers),
        )
        assert (outcome.fault, called) == ("REFUSED", [])


@pytest.mark.parametrize("address", ["10.21.0.1", "10.19.255.255", "93.184.216.34", "fd00::1"])
def test_an_address_outside_the_approved_networks_is_refused(db, address):
    host = factories.make_host()
    guard = Guard(lambda *name: ["10.20.0.1", address])
    outcome = sending.send("https://oa.example.cn/", {host.host: host}, {}, b"", guard=guard)
    assert outcome.fault == "REFUSED"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"networks": ["127.0.0.0/8"]}, "networks"),
        ({"networks": ["0.0.0.0/0"]}, "networks"),
        ({"networks": ["10.0.0.0/8", "169.254.169.254"]}, "networks"),
        ({"networks": ["128.0.0.0/1"]}, "networks"),
        ({"networks": ["::/0"]}, "networks"),
        ({"networks": ["2000::/3"]}, "networks"),
        ({"networks": ["::ffff:10.0.0.0/104"]}, "networks"),
        ({"networks": ["10.0.0.1/8"]}, "networks"),
        ({"networks": ["x"]}, "networks"),
        ({"networks": []}, "networks"),
        ({"host": "10.30.0.1"}, "networks"),
        ({"host": "127.0.0.1"}, "host"),
        ({"host": "::ffff:10.20.0.1"}, "host"),
        ({"host": "010.20.0.1"}, "host"),
        ({"host": "*.example.cn"}, "host"),
        ({"host": "example.cn."}, "host"),
        ({"host": "localhost"}, "host"),
        ({"ports": [22]}, "ports"),
        ({"ports": [6379]}, "ports"),
        ({"ports": [70000]}, "ports"),
        ({"reason": ""}, "reason"),
    ],
)
def test_what_is_never_called_cannot_be_approved(db, fields, wrong):
    whole = {"host": "a.example.cn", "networks": ["10.20.0.0/16"], "reason": "联调"} | fields
    with pytest.raises(ValidationError) as refusal:
        ApprovedHost(**whole).full_clean()
    assert wrong in refusal.value.message_dict


@pytest.mark.parametrize(
    "url",
    [
        "https://oa.example.cn", "https://oa.example.cn/", "https://oa.example.cn:8443/a/b?c=d&e=@",
        "https://10.20.3.4/hook", "https://[fd12:3456::1]/hook", "https://xn--0zwm56d.cn/",
        "https://oa/",
    ],
)  # fmt: skip
def test_plain_addresses_of_approved_hosts_are_taken(db, url):
    for host, networks in {
        "oa.example.cn": ["10.20.0.0/16"], "10.20.3.4": ["10.20.3.4"], "oa": ["10.0.0.0/8"],
        "fd12:3456::1": ["fd12:3456::/64"], "xn--0zwm56d.cn": ["10.20.0.0/16"],
    }.items():  # fmt: skip
        factories.make_host(host, networks=networks, ports=[443, 8443])
    factories.make_endpoint(url=url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://else.example.cn/", "安全管理员"),
        ("http://oa.example.cn/", "https"),
        ("https://oa.example.cn:8443/", "8443"),
        ("https://oa.example.cn/hook?phone=13812345678", ""),
    ],
)
def test_a_refusal_names_the_cure(db, url, words):
    factories.make_host(allows_http=False)
    client = factories.make_client(scopes=["changes:read"])
    with pytest.raises(ValidationError) as refusal:
        WebhookEndpoint(client=client, url=url).full_clean()
    assert words in " ".join(refusal.value.message_dict["url"])
