from django.contrib import admin
from django.urls import include, path

from portal.doors import health
from portal.people import public
from portal.people.reset import Reset

urlpatterns = [
    path("", public.front, name="front"),
    path("", include("portal.people.urls")),
    path("password/", Reset.as_view(), name="admin_password_reset"),  # the theme's sign-in looks for this name
    path("health", health.health, name="health"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
