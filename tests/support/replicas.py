"""Two nodes' processes of one company over one state in PostgreSQL."""

import re
import shutil

from sekisho.store.folder import NodeFolder
from support.nodes import Companies, Company
from support.ports import free_address
from support.postgres import Server


def move(company: Company, server: Server) -> None:
    """Move a company's state, as an operator does; its node must not be running."""
    url = server.url()
    ran = company.run("state", "move", url)
    assert ran.code == 0, ran.err
    settings = company.folder.config
    settings.write_text(settings.read_text().replace("sqlite:state/node.db", f"'{url}'"))


def replicate(companies: Companies, name: str, other: str) -> Company:
    """Copy a company's folder, to be served at ports of its own."""
    folder = companies.root / other
    shutil.copytree(companies[name].folder.root, folder)
    settings = folder / "node.yaml"
    listen = f'listen: {{peers: "{free_address()}", users: "{free_address()}"}}'
    settings.write_text(re.sub(r"(?m)^listen: .*$", listen, settings.read_text()))
    companies.by_name[other] = Company(NodeFolder(folder))
    return companies[other]
