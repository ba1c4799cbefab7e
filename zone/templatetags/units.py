from django import template

from zone import units

register = template.Library()
register.filter("money", units.money)
register.filter("yi", units.yi)
register.filter("area", units.area)
register.filter("percent", units.percent)
register.filter("plain", units.plain)
