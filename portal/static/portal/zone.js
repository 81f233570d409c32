// Chooses the browser's own time zone where nobody has chosen one yet. It is shown, and can be changed.
for (const select of document.querySelectorAll("select[data-zone]")) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!select.value && [...select.options].some((one) => one.value === own)) select.value = own;
}
