"""What may name a folder or a file on any system."""

FOLDER_NAME = r"^[A-Za-z0-9]([A-Za-z0-9 ._+=-]{0,98}[A-Za-z0-9_+=-])?$"
