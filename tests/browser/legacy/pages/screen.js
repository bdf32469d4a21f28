// What is seen of a family's page. How it speaks to the service is in the family's own file.

var captchaId = "";

function say(number, text) {
  $(".message").text(number + " " + text);
}

function showUser(name) {
  $(".user-name").html(name);
  $(".account").hide();
  $(".user").show();
}

function showAccountForm() {
  $(".user").hide();
  $(".account").show();
}

function showRecord(record) {
  if (!record.real_name) return;
  $("#real-name").val(record.real_name).prop("disabled", true);
  $("#id-card").val(record.id_card).prop("disabled", true);
}

function onSubmit(form, send) {
  $(form).submit(function (event) {
    event.preventDefault();
    send(this);
  });
}

function uuid() {
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, function () {
    return Math.floor(Math.random() * 16).toString(16);
  });
}
