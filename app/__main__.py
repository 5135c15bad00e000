"""``python -m app`` is the command ``signpost``."""

from app.cli.main import run

if __name__ == "__main__":
    run()
