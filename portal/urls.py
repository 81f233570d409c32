from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from portal.doors import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("health", health.health),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
]
