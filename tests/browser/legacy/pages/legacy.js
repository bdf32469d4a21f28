// What pages of this kind share: JSON posts with success callbacks only, and the token header they send out of habit.

function readCookie(name) {
  var pairs = document.cookie.split("; ");
  for (var i = 0; i < pairs.length; i++) {
    if (pairs[i].indexOf(name + "=") === 0) return pairs[i].substring(name.length + 1);
  }
}

function tokenHeaders() {
  var token = readCookie("_xsrf");
  return token ? { "X-XSRFTOKEN": token } : {};
}

// Every field of the form goes along, also those that the endpoint does not know.
function formToJson(form) {
  var fields = {};
  $.each($(form).serializeArray(), function () {
    fields[this.name] = this.value;
  });
  return JSON.stringify(fields);
}

function postJson(url, json, done) {
  $.ajax({
    url: url,
    type: "POST",
    data: json,
    contentType: "application/json",
    headers: tokenHeaders(),
    dataType: "json",
    success: done,
  });
}
