from zone.apps import import_submodules

import_submodules(__name__)
