"""Comparing networks: one film or exam, one finding, and what several networks say of it beside each other."""

from app.web.networks.routes import router as router
