"""TLS as acceptor: who may come, who may not and is audited, and what is read anew while associations stand."""

import os
import signal
import socket
import ssl
import subprocess
import time

import pytest

from rig import dcmtk
from rig import pynet
from rig.gateway import Peer
from rig.process import wait_until
from tls_house import House

ALLOWED = {
    "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256",
    *(
        f"TLS_ECDHE_{kind}_WITH_{cipher}"
        for kind in ("ECDSA", "RSA")
        for cipher in ("AES_256_GCM_SHA384", "AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256")
    ),
}


@pytest.fixture
def house(stage, tmp_path):
    return House(stage, tmp_path)


def openssl(house, *words, pair=None) -> str:
    """What `openssl s_client` prints, and how it ended."""
    own = ["-cert", pair.certificate, "-key", pair.key] if pair else []
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{house.tls_port}", "-CAfile", house.authority.certificate, *own, *words],
        input=b"", capture_output=True, timeout=30,
    )
    return f"{done.returncode}\n{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}"


# Who may come.


@pytest.mark.parametrize("profile", ["+py", "+px", "+pz"])
def test_dcmtk_stores_by_its_bcp_195_profiles(house, study, profile):
    instances = study(3)
    done = house.storescu(house.modality, instances, profile)
    assert done.returncode == 0, done.stdout
    house.dest.wait_for(3)
    assert sorted(arrival.data for arrival in house.dest.arrivals) == sorted(one.data_set() for one in instances)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_pynetdicom_is_answered_by_tls_1_2_and_1_3(house, version):
    context = house.context(house.modality)
    context.minimum_version = context.maximum_version = version
    association = house.associate(None, context=context)
    assert association.is_established
    assert association.send_c_echo().Status == 0
    association.release()


def test_tls_1_3_is_preferred_and_sessions_are_not_resumed(house):
    said = openssl(house, pair=house.modality)
    assert "TLSv1.3" in said and "Verify return code: 0" in said
    older = openssl(house, "-tls1_2", "-reconnect", pair=house.modality)
    assert "New, TLSv1.2" in older and "Reused" not in older


def test_an_rsa_certificate_serves_as_well(stage, tmp_path, study):
    made = House(stage, tmp_path, gateway=lambda authority: authority.issue("gateway", ips=["127.0.0.1"], kind="rsa"))
    assert made.storescu(made.modality, study(1), "+py").returncode == 0


def test_plain_and_tls_listeners_serve_side_by_side(stage, tmp_path):
    def peers(house):
        return [Peer("MODALITY", may=["echo"], more={"certificates": [house.modality.pin]}), Peer("OLDCT", may=["echo"])]

    made = House(stage, tmp_path, peers)
    assert made.echoscu(made.modality).returncode == 0
    assert dcmtk.echoscu(made.gateway.port, calling="OLDCT").returncode == 0
    # A peer of the house that is known by AE title and address may come by TLS as well.
    other = made.authority.issue("oldct")
    assert made.echoscu(other, calling="OLDCT").returncode == 0


# Who may not: nothing is forwarded, and the ledger is told.


def bad_certificates(house) -> dict:
    return {
        "expired": (house.authority.issue("expired", dns=["modality.st-anna.example"], begins=-9, ends=-1), "has expired"),
        "not yet valid": (house.authority.issue("early", dns=["modality.st-anna.example"], begins=1, ends=9), "is not valid yet"),
        "wrong authority": (house.stranger.issue("wrong", dns=["modality.st-anna.example"]), "is of an authority that is not believed"),
        "none": (None, "showed no certificate"),
    }


@pytest.mark.parametrize("kind", ["expired", "not yet valid", "wrong authority", "none"])
@pytest.mark.parametrize("peer", ["storescu", "pynetdicom", "openssl"])
def test_a_certificate_that_is_not_good_ends_the_connection(house, study, kind, peer):
    pair, reason = bad_certificates(house)[kind]
    if peer == "storescu":
        assert house.storescu(pair, study(1)).returncode != 0
    elif peer == "pynetdicom":
        assert not house.associate(pair).is_established
    else:
        openssl(house, pair=pair)
    assert "127.0.0.1" in house.told("tls-refused", reason)
    assert house.forwarded_nothing()


def test_a_revoked_certificate_ends_the_connection(stage, tmp_path, study):
    folder = tmp_path / "house"
    house = House(stage, folder, tls={"crls": [str(folder / "list.crl")]}, gateway=with_list(folder))
    assert house.echoscu(house.modality).returncode == 0
    (folder / "list.crl").write_bytes(house.authority.revoked(house.modality).read_bytes())
    house.gateway.process.signal(signal.SIGHUP)
    wait_until(lambda: house.echoscu(house.modality).returncode != 0, 10, "the list to count")
    assert house.storescu(house.modality, study(1)).returncode != 0
    house.told("tls-refused", "is revoked")
    assert house.forwarded_nothing()


def with_list(folder, due: float = 30.0):
    """The gateway's certificate, and an empty list of revoked ones beside it."""

    def make(authority):
        (folder / "list.crl").write_bytes(authority.revoked(due=due).read_bytes())
        return authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])

    return make


def test_a_list_that_has_expired_counts_on_and_is_told(stage, tmp_path):
    house = House(stage, tmp_path, tls={"crls": [str(tmp_path / "list.crl")]}, gateway=with_list(tmp_path, due=-1))
    assert house.echoscu(house.modality).returncode == 0
    house.told("certificate-expires", "list of revoked certificates")


def test_where_a_list_is_required_one_that_has_expired_is_none(stage, tmp_path):
    lists = {"crls": [str(tmp_path / "list.crl")], "crl_required": True}
    house = House(stage, tmp_path, tls=lists, gateway=with_list(tmp_path, due=-1))
    assert house.echoscu(house.modality).returncode != 0
    house.told("tls-refused", "whose list of revoked ones has expired")


def test_where_a_list_is_required_an_authority_without_one_is_not_believed(stage, tmp_path):
    """Authority and stranger are both believed; only the authority has a list."""
    both = [str(tmp_path / "pki" / "authority.pem"), str(tmp_path / "stranger" / "stranger.pem")]
    lists = {"crls": [str(tmp_path / "list.crl")], "crl_required": True, "authorities": both}
    house = House(stage, tmp_path, tls=lists, gateway=with_list(tmp_path))
    assert house.echoscu(house.modality).returncode == 0
    assert house.echoscu(house.stranger.issue("modality", dns=["modality.st-anna.example"])).returncode != 0
    house.told("tls-refused", "without a list of revoked ones")


def test_dicom_without_tls_on_the_tls_port_is_refused(house, study):
    files = [instance.path for instance in study(1)]
    assert dcmtk.storescu(house.tls_port, files).returncode != 0
    house.told("tls-refused", "spoke DICOM without TLS")
    assert house.forwarded_nothing()


def test_what_is_not_tls_at_all_is_refused(house):
    with socket.create_connection(("127.0.0.1", house.tls_port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: credence\r\n\r\n")
        connection.settimeout(10)
        assert b"HTTP" not in connection.recv(4096)
    house.told("tls-refused", "did not speak TLS")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_of_tls_are_refused(house, version):
    said = openssl(house, version, "-cipher", "DEFAULT@SECLEVEL=0", pair=house.modality)
    assert said.startswith("1\n") and "SSL alert number" in said and "Cipher is (NONE)" in said, said
    house.told("tls-refused", "offered no TLS version from 1.2 on")


@pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384", "NULL-SHA256"])
def test_weak_cipher_suites_are_refused(house, suite):
    said = openssl(house, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0", pair=house.modality)
    assert said.startswith("1\n") and "handshake failure" in said, said
    house.told("tls-refused", "no cipher suite, group or signature")


def test_a_handshake_that_does_not_end_gives_its_seat_back(stage, tmp_path):
    house = House(stage, tmp_path, listener={"associations_max": 2}, timeouts={"artim_s": 1})
    silent = [socket.create_connection(("127.0.0.1", house.tls_port)) for _ in range(2)]
    house.told("tls-refused", "did not finish the handshake in time")
    assert house.echoscu(house.modality).returncode == 0
    for connection in silent:
        connection.close()


def test_a_scanner_does_not_fill_the_ledger(stage, tmp_path):
    house = House(stage, tmp_path, timeouts={"refused_alert_s": 2})
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", house.tls_port)) as connection:
            connection.sendall(b"\r\n\r\n")
            connection.settimeout(10)
            connection.recv(64)
    house.told("tls-refused", "more since the last alert")
    alerts = house.alerts("tls-refused")
    counted = sum(int(text.split("; ")[1].split()[0]) if "; " in text else 1 for text in alerts)
    assert len(alerts) <= 20 and counted <= 300, alerts
    assert house.echoscu(house.modality).returncode == 0


def test_an_optional_certificate_is_optional_and_still_must_be_good(stage, tmp_path):
    def peers(_):
        return [Peer("MODALITY", may=["echo"])]

    house = House(stage, tmp_path, peers, listener={"client_certificate": "optional"})
    assert house.echoscu(None).returncode == 0
    assert house.echoscu(house.stranger.issue("modality")).returncode != 0
    house.told("tls-refused", "is of an authority that is not believed")


# What is read anew.


def test_a_new_certificate_is_used_and_no_association_is_dropped(house, study):
    """SIGHUP, in the middle of an association."""
    before = served(house)
    association = house.associate(house.modality, [*pynet.contexts_for(study(1)), (pynet.VERIFICATION, ["1.2.840.10008.1.2"])])
    assert association.is_established
    renewed = house.authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])
    house.gateway.process.signal(signal.SIGHUP)
    wait_until(lambda: served(house) == renewed.x509.serial_number, 10, "the new certificate")
    assert before != renewed.x509.serial_number
    assert association.send_c_echo().Status == 0
    assert [pynet.store_raw(association, one) for one in study(2)] == [0, 0]
    association.release()
    house.dest.wait_for(2)


def test_files_that_change_are_read_without_a_signal(stage, tmp_path):
    house = House(stage, tmp_path, tls={"reload_s": 1})
    association = house.associate(house.modality)
    renewed = house.authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])
    wait_until(lambda: served(house) == renewed.x509.serial_number, 15, "the new certificate")
    assert association.send_c_echo().Status == 0
    association.release()


def test_files_that_cannot_be_used_change_nothing_and_are_told(house):
    before = served(house)
    house.gateway_pair.certificate.write_text("half a certificate")
    house.gateway.process.signal(signal.SIGHUP)
    house.told("tls-not-reloaded", "holds no certificate in PEM")
    assert served(house) == before
    assert house.echoscu(house.modality).returncode == 0


def served(house) -> int:
    """The serial number of the certificate that the gateway shows."""
    from cryptography import x509 as x

    context = house.context(house.modality)
    with socket.create_connection(("127.0.0.1", house.tls_port)) as tcp, context.wrap_socket(tcp, server_hostname="localhost") as tls:
        return x.load_der_x509_certificate(tls.getpeercert(binary_form=True)).serial_number


def test_the_end_of_a_certificate_is_told_ahead(stage, tmp_path):
    house = House(stage, tmp_path, gateway=lambda authority: authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"], ends=10.5))
    alert = house.told("certificate-expires", "CN=gateway")
    assert "expires in 10 days" in alert
    shown = house.gateway.command("keys", "show", "--config", house.gateway.file)
    assert house.gateway_pair.pin in shown.stdout and "10 days left" in shown.stdout


def test_a_key_that_others_can_read_is_refused_at_the_start(stage, tmp_path):
    house = House(stage, tmp_path)
    house.gateway.stop()
    house.gateway_pair.key.chmod(0o644)
    done = house.gateway.command("serve", "--config", house.gateway.file, check=False)
    assert done.returncode == 1 and "accessible to others (mode 644)" in done.stderr
    house.gateway_pair.key.chmod(0o600)


def test_a_key_comes_as_a_credential_of_systemd(stage, tmp_path, monkeypatch):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))

    def gateway(authority):
        pair = authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])
        os.rename(pair.key, credentials / "tls.key")
        (credentials / "tls.key").chmod(0o440)
        return pair

    house = House(stage, tmp_path, gateway=gateway, tls={"key": "$CREDENTIALS_DIRECTORY/tls.key"})
    assert house.echoscu(house.modality).returncode == 0


# What a scanner of TLS finds.


def test_sslyze_finds_only_what_is_permitted(house):
    import sslyze

    credentials = sslyze.ClientAuthenticationCredentials(house.modality.certificate, house.modality.key)
    wanted = {
        sslyze.ScanCommand.SSL_2_0_CIPHER_SUITES, sslyze.ScanCommand.SSL_3_0_CIPHER_SUITES,
        sslyze.ScanCommand.TLS_1_0_CIPHER_SUITES, sslyze.ScanCommand.TLS_1_1_CIPHER_SUITES,
        sslyze.ScanCommand.TLS_1_2_CIPHER_SUITES, sslyze.ScanCommand.TLS_1_3_CIPHER_SUITES,
        sslyze.ScanCommand.TLS_COMPRESSION, sslyze.ScanCommand.TLS_1_3_EARLY_DATA,
        sslyze.ScanCommand.SESSION_RENEGOTIATION, sslyze.ScanCommand.HEARTBLEED,
        sslyze.ScanCommand.OPENSSL_CCS_INJECTION, sslyze.ScanCommand.ROBOT, sslyze.ScanCommand.ELLIPTIC_CURVES,
    }
    scanner = sslyze.Scanner(concurrent_server_scans_limit=1, per_server_concurrent_connections_limit=4)
    scanner.queue_scans([
        sslyze.ServerScanRequest(
            server_location=sslyze.ServerNetworkLocation(hostname="localhost", port=house.tls_port, ip_address="127.0.0.1"),
            network_configuration=sslyze.ServerNetworkConfiguration(
                tls_server_name_indication="localhost", tls_client_auth_credentials=credentials, network_timeout=20,
            ),
            scan_commands=wanted,
        )
    ])
    [result] = list(scanner.get_results())
    assert result.scan_status == sslyze.ServerScanStatusEnum.COMPLETED, result.connectivity_error_trace
    found = result.scan_result
    for old in (found.ssl_2_0_cipher_suites, found.ssl_3_0_cipher_suites, found.tls_1_0_cipher_suites, found.tls_1_1_cipher_suites):
        assert not old.result.accepted_cipher_suites
    for new, count in ((found.tls_1_2_cipher_suites, 3), (found.tls_1_3_cipher_suites, 3)):
        accepted = {suite.cipher_suite.name for suite in new.result.accepted_cipher_suites}
        assert len(accepted) == count and accepted <= ALLOWED, accepted
    assert not found.tls_compression.result.supports_compression
    assert not found.tls_1_3_early_data.result.supports_early_data
    assert not found.session_renegotiation.result.is_vulnerable_to_client_renegotiation_dos
    assert not found.heartbleed.result.is_vulnerable_to_heartbleed
    assert not found.openssl_ccs_injection.result.is_vulnerable_to_ccs_injection
    assert not found.robot.result.robot_result.name.startswith("VULNERABLE")
    curves = {curve.name for curve in found.elliptic_curves.result.supported_curves}
    assert curves <= {"X25519", "secp256r1", "secp384r1"}, curves
