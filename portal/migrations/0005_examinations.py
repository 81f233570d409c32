from django.db import migrations, models
from django.db.models import F


def ended(apps, schema_editor):
    """Those from before were written when they had ended."""
    apps.get_model("portal", "Examination").objects.update(heard_at=F("at"), ended_at=F("at"))


class Migration(migrations.Migration):
    dependencies = [("portal", "0004_people")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="expires_on",
            field=models.DateField(
                blank=True, help_text="the last day of its credentials, where one is known", null=True
            ),
        ),
        migrations.AlterField(
            model_name="connection",
            name="health",
            field=models.CharField(
                choices=[
                    ("new", "not known to work yet"),
                    ("ok", "Ok"),
                    ("denied", "credentials or rights refused"),
                ],
                default="new",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="examination",
            name="account",
            field=models.CharField(blank=True, help_text="whom the credentials led to", max_length=130),
        ),
        migrations.AddField(model_name="examination", name="ended_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="examination",
            name="heard_at",
            field=models.DateTimeField(help_text="when its last check came in", null=True),
        ),
        migrations.AlterField(model_name="examination", name="passed", field=models.BooleanField(default=False)),
        migrations.RunPython(ended, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="examination",
            name="heard_at",
            field=models.DateTimeField(help_text="when its last check came in"),
        ),
    ]
