"""Tests of every model can make its rows."""

import pytest

from tests import factories
from tests.test_house import OURS
from zone.models import Row

ROWS = [model for model in OURS if issubclass(model, Row)]


@pytest.mark.django_db
@pytest.mark.parametrize("model", ROWS, ids=lambda model: model._meta.label)
def test_a_row_of_every_model_can_be_made(model):
    row = factories.make(model)
    row.full_clean()
    assert model._default_manager.filter(pk=row.pk).exists()
