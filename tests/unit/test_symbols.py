from recognizer.symbols import CHARACTERS, SYMBOLS, Symbol


def test_every_class_that_is_written_has_its_character() -> None:
    signs = {"POINT": ".", "COMMA": ",", "DASH": "-", "SLASH": "/", "COLON": ":", "EQUALS": "="}
    assert CHARACTERS[:10] == "0123456789"
    assert {symbol.name: CHARACTERS[symbol] for symbol in Symbol if symbol < Symbol.OTHER} == signs
    assert len(CHARACTERS) == Symbol.OTHER


def test_classes_are_numbered_without_a_gap() -> None:
    assert sorted([*range(10), *Symbol]) == list(range(SYMBOLS))
