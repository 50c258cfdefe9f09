"""Which language a file is in, by its name, and which grammar reads it (None: counted, not parsed)."""

from typing import Final

PYTHON: Final = "Python"

_BY_SUFFIX: Final[dict[str, tuple[str, str | None]]] = {
    "bash": ("Shell", "bash"),
    "c": ("C", "c"),
    "cc": ("C++", "cpp"),
    "cpp": ("C++", "cpp"),
    "cs": ("C#", "csharp"),
    "css": ("CSS", "css"),
    "cxx": ("C++", "cpp"),
    "dart": ("Dart", "dart"),
    "ex": ("Elixir", "elixir"),
    "exs": ("Elixir", "elixir"),
    "go": ("Go", "go"),
    "h": ("C", "c"),
    "hpp": ("C++", "cpp"),
    "hs": ("Haskell", "haskell"),
    "htm": ("HTML", "html"),
    "html": ("HTML", "html"),
    "ini": ("INI", None),
    "java": ("Java", "java"),
    "js": ("JavaScript", "javascript"),
    "json": ("JSON", "json"),
    "jsx": ("JavaScript", "javascript"),
    "kt": ("Kotlin", "kotlin"),
    "kts": ("Kotlin", "kotlin"),
    "lua": ("Lua", "lua"),
    "md": ("Markdown", None),
    "mjs": ("JavaScript", "javascript"),
    "php": ("PHP", "php"),
    "pl": ("Perl", "perl"),
    "proto": ("Protocol Buffers", None),
    "py": (PYTHON, None),
    "pyi": (PYTHON, None),
    "r": ("R", "r"),
    "rb": ("Ruby", "ruby"),
    "rs": ("Rust", "rust"),
    "rst": ("reStructuredText", None),
    "scala": ("Scala", "scala"),
    "sh": ("Shell", "bash"),
    "sql": ("SQL", None),
    "svelte": ("Svelte", None),
    "swift": ("Swift", "swift"),
    "tf": ("HCL", "hcl"),
    "toml": ("TOML", "toml"),
    "ts": ("TypeScript", "typescript"),
    "tsx": ("TypeScript", "tsx"),
    "txt": ("Text", None),
    "vue": ("Vue", None),
    "xml": ("XML", None),
    "yaml": ("YAML", "yaml"),
    "yml": ("YAML", "yaml"),
    "zig": ("Zig", "zig"),
}
_BY_NAME: Final = {"dockerfile": "Dockerfile", "makefile": "Make", "caddyfile": "Caddyfile"}
_NOT_CODE: Final = frozenset(
    {"CSS", "HTML", "INI", "JSON", "Markdown", "reStructuredText", "TOML", "Text", "XML", "YAML", "other"}
)


def language_of(path: str) -> str:
    """Returns the language's name; "other" when it is not known."""
    name = path.rpartition("/")[2].lower()
    return _BY_NAME.get(name) or _BY_SUFFIX.get(name.rpartition(".")[2], ("other", None))[0]


def grammar_of(path: str) -> str | None:
    """Returns the name of the tree-sitter grammar for the file, or None."""
    return _BY_SUFFIX.get(path.rpartition(".")[2].lower(), ("other", None))[1]


def is_code(language: str) -> bool:
    """Tells whether the language is one that programs are written in."""
    return language not in _NOT_CODE
