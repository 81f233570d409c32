"""What finance decides for Stampli → Sage Intacct. docs/accounting.md 8"""

from typing import Final

from connectors.base import Table

DIMENSIONS: Final = ("location", "department", "class", "project", "item", "customer", "employee")
"""Columns of the file that are dimensions; each has a table of its own, for the values that are named otherwise."""

TABLES: Final = (
    Table(
        "vendor",
        "Vendors",
        "Vendor id or vendor name of the file → vendor. Only for those that neither id nor name finds.",
        choices="vendor",
    ),
    Table(
        "gl_account",
        "GL accounts",
        "Account of the file → account. Only for those that are named otherwise in Sage Intacct.",
        choices="gl_account",
    ),
    Table(
        "entity", "Entities", "Entity of the file, or * → entity. Companies with several entities.", choices="entity"
    ),
    *(
        Table(
            name,
            f"{name.capitalize()}s" if name != "class" else "Classes",
            f"{name.capitalize()} of the file → {name}. Only for those that are named otherwise in Sage Intacct.",
            choices=name,
        )
        for name in DIMENSIONS
    ),
    Table(
        "bank_account",
        "Bank accounts",
        "Bank account of the file, or * → checking account that vendors are paid from.",
        choices="bank_account",
        required=True,
    ),
    Table("tax_account", "Tax accounts", "Tax code, or * → account of tax lines.", choices="gl_account"),
    Table("term", "Terms", "Terms of the file → AP term.", choices="ap_term"),
)
