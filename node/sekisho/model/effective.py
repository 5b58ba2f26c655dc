"""What holds where a contract writes nothing, or writes less than it means."""

from pydantic import BaseModel

from sekisho.model.contract import Contract, PartyTerm
from sekisho.model.grants import Access, ColumnGrant, Grant


def effective(model: BaseModel, attribute: str) -> object:
    """Read a field of a contract as the node does.

    Returns:
        The value that holds; for the functions of a grant of `rows` None, as any may be called.
    """
    match model, attribute:
        case Contract(), "sign_by":
            return model.sign_by or model.term.ends
        case PartyTerm(), "alias":
            return model.effective_alias
        case Grant(), "disclosure":
            return model.effective_disclosure
        case Grant(), "functions" if model.access is Access.ROWS:
            return None
        case ColumnGrant(), "use":
            # Outside `rows` a column without `use` is no contract.
            return model.uses(Access.ROWS)
        case _:
            return getattr(model, attribute)
