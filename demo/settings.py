"""What can be set about the demo."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]


class DemoSettings(BaseSettings):
    """From COUNTERSIGN_DEMO_* variables. Port 0 picks a free one."""

    model_config = SettingsConfigDict(env_prefix="COUNTERSIGN_DEMO_", frozen=True)

    directory: Path = Path(".demo")
    # REST, SSE, gRPC-Web and gRPC through Envoy.
    port: Port = 8080
    # The server's own gRPC.
    server_port: Port = 50051
    # With reflection, for operators.
    internal_port: Port = 50052
    metrics_port: Port = 9464
    # Tell the story, check every step, and end.
    once: bool = False
