from django.urls import path

from portal.people import account, devices, invitations, reset, second_factor, sign_up

app_name = "people"
urlpatterns = [
    path("sign-up/", sign_up.sign_up, name="sign_up"),
    path("sign-up/sent/", sign_up.sent, name="sign_up_sent"),
    path("sign-up/<str:token>/", sign_up.confirm, name="sign_up_confirm"),
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
    path("password/sent/", reset.ResetSent.as_view(), name="reset_sent"),
    path("password/done/", reset.ResetDone.as_view(), name="reset_done"),
    path("password/<uidb64>/<token>/", reset.ResetConfirm.as_view(), name="reset_confirm"),
    path("account/", account.account, name="account"),
    path("account/name/", account.name, name="name"),
    path("account/workspace/", account.choose, name="choose"),
    path("account/workspace/add/", sign_up.another, name="another"),
    path("account/sign-ins/end/", devices.end, name="end"),
    path("account/code/", second_factor.code, name="code"),
    path("account/second-factor/", second_factor.second_factor, name="second_factor"),
    path("account/second-factor/begin/", second_factor.begin, name="second_factor_begin"),
    path("account/second-factor/off/", second_factor.off, name="second_factor_off"),
    path("account/second-factor/codes/", second_factor.codes, name="codes"),
]
