"""One module a command; `catalog` names them."""
