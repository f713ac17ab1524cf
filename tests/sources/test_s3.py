"""``s3://``, against a real S3 API on loopback that asks for credentials."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import s3fs

from kpilib.errors import SourceError
from kpilib.settings import Settings
from kpilib.sources import open_sources
from kpilib.store import Store

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
BEFORE_KEYS = 3  # requests that need no key: they make the one that the others need
OPPORTUNITIES = "opportunity_id,partner_id,created_on,closed_on,outcome,amount\nO1,P1,2026-01-02,2026-02-03,won,{}\n"


@dataclass
class Bucket:
    """A bucket, a client that fills it, and the server's log of requests."""

    address: str
    key: str
    secret: str
    client: Any
    log: Path

    def put(self, name: str, text: str) -> None:
        self.client.put_object(Bucket="crm", Key=name, Body=text.encode())

    def gets(self, name: str) -> int:
        """How often a file was fetched."""
        return len(re.findall(rf"GET /crm/{re.escape(name)} HTTP", self.log.read_text()))


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    log = tmp_path_factory.mktemp("s3") / "log"
    environ = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(BEFORE_KEYS)}
    with log.open("w") as out:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environ)
    try:
        while not (found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text())):
            assert server.poll() is None, log.read_text()
            time.sleep(0.02)
        where = {"endpoint_url": found[1], "region_name": "us-east-1"}
        iam = boto3.client("iam", aws_access_key_id="any", aws_secret_access_key="any", **where)
        iam.create_user(UserName="kpilib")
        made = iam.create_access_key(UserName="kpilib")["AccessKey"]
        iam.put_user_policy(UserName="kpilib", PolicyName="s3", PolicyDocument=POLICY)
        key, secret = made["AccessKeyId"], made["SecretAccessKey"]
        client = boto3.client("s3", aws_access_key_id=key, aws_secret_access_key=secret, **where)
        client.create_bucket(Bucket="crm")
        yield Bucket(found[1], key, secret, client, log)
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def environ(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The credentials, in the environment and nowhere else."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.address)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.secret)
    s3fs.S3FileSystem.clear_instance_cache()
    yield monkeypatch
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_folder_of_a_bucket(bucket: Bucket, environ: pytest.MonkeyPatch, rows: Any, tmp_path: Path) -> None:
    bucket.put("a/partners.csv", "partner_id,name\nP1,Acme\n")
    bucket.put("a/opportunities-2025.csv", OPPORTUNITIES.format("10.50"))
    bucket.put("a/2026/opportunities-2026.csv", OPPORTUNITIES.format("7").replace("O1", "O2"))
    sources = open_sources(Settings(root=tmp_path, source={"path": "s3://crm/a"}))
    found = [(row["opportunity_id"], row["amount"]) for row in rows(sources.tables["opportunities"])]
    assert found == [("O2", "7"), ("O1", "10.50")]
    assert [file.path for file in sources.files()] == [
        "s3://crm/a/partners.csv", "s3://crm/a/2026/opportunities-2026.csv", "s3://crm/a/opportunities-2025.csv",
    ]  # fmt: skip
    pattern = open_sources(Settings(root=tmp_path, source={"path": "s3://crm/a/*.csv"}))
    assert len(rows(pattern.tables["opportunities"])) == 1


def test_an_unchanged_bucket_is_not_fetched_again(
    bucket: Bucket, environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = Settings(root=tmp_path, source={"path": "s3://crm/b"})
    bucket.put("b/partners.csv", "partner_id,name\nP1,Acme\n")
    bucket.put("b/opportunities.csv", OPPORTUNITIES.format("10.50"))
    assert Store.check(settings).rows("opportunities", "P1")["amount"] == ["10.5"]
    before = bucket.gets("b/opportunities.csv")
    assert before > 0
    assert Store.check(settings).rows("opportunities", "P1")["amount"] == ["10.5"]
    assert bucket.gets("b/opportunities.csv") == before
    bucket.put("b/opportunities.csv", OPPORTUNITIES.format("10.51"))
    assert Store.check(settings).rows("opportunities", "P1")["amount"] == ["10.51"]


def test_credentials_are_the_environments(
    bucket: Bucket, environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bucket.put("c/partners.csv", "partner_id,name\nP1,Acme\n")
    settings = Settings(root=tmp_path, source={"path": "s3://crm/c/*"})
    environ.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret-one")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(SourceError) as wrong:
        open_sources(settings)
    environ.delenv("AWS_ACCESS_KEY_ID")
    environ.delenv("AWS_SECRET_ACCESS_KEY")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(SourceError) as none:
        open_sources(settings)
    advice = (
        "Credentials come from the environment alone: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
        "another provider's address: AWS_ENDPOINT_URL."
    )
    assert str(wrong.value) == (
        "s3://crm/c/* cannot be read: The request signature we calculated does not match the signature you provided. "
        f"Check your key and signing method. {advice}"
    )
    assert str(none.value) == f"s3://crm/c/* cannot be read: Unable to locate credentials. {advice}"


def test_nothing_at_an_address(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        open_sources(Settings(root=tmp_path, source={"path": "s3://crm/nothing"}))
    assert str(error.value) == "There is no file at s3://crm/nothing."
