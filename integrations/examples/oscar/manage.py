"""Django's command line for the example shop."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

# a shop copies loyalty_widget.py beside its own modules; here it is used where it lies
sys.path.append(str(Path(__file__).parents[2] / "clients" / "python"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
