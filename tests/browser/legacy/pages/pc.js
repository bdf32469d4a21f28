// Family `p/c`: one letter for each captcha id, numbers where others have strings, and answers by `errcode`.

function newCaptcha() {
  var previous = captchaId;
  captchaId = new Date().getTime();
  $("#captcha").attr("src", "/api/imagecode?p=" + previous + "&c=" + captchaId);
}

function post(url, fields, done) {
  $.ajax({ url: url, method: "POST", data: JSON.stringify(fields), dataType: "json" }).then(function (data) {
    say(data.errcode, data.errmsg);
    if (0 == data.errcode) done(data.data);
  });
}

function begin() {
  $.get("/api/check_login").then(function (data) {
    if (0 != data.errcode) {
      showAccountForm();
      newCaptcha();
      return;
    }
    showUser(data.data.name);
    $.get("/api/profile").then(function (data) {
      $("#user-mobile").html(data.data.mobile);
      if (data.data.avatar) $("#user-avatar").attr("src", data.data.avatar);
    });
    $.get("/api/profile/auth").then(function (data) { showRecord(data.data); });
  });
}

$(function () {
  begin();
  $(".phonecode-a").click(function () {
    post("/api/smscode",
      { mobile: Number($("#mobile").val()), code: $("#imagecode").val(), codeId: captchaId }, $.noop);
  });
  $(".register").click(function () {
    post("/api/register", {
      mobile: Number($("#mobile").val()),
      smscode: $("#phonecode").val(),
      passwd: $("#password").val(),
      agreed: true,
    }, begin);
  });
  $(".login").click(function () {
    post("/api/login", { mobile: Number($("#mobile").val()), passwd: $("#password").val() }, begin);
  });
  $(".logout").click(function () { $.get("/api/logout").then(begin); });
  onSubmit("#form-avatar", function (form) {
    $.ajax({ url: "/api/profile/avatar", method: "POST", data: new FormData(form), processData: false, contentType: false })
      .then(function (data) {
        say(data.errcode, data.errmsg);
        $("#user-avatar").attr("src", data.avatar);
      });
  });
  onSubmit("#form-name", function () {
    post("/api/profile/name", { user_name: $("#name").val() }, function (data) { $(".user-name").html(data.name); });
  });
  onSubmit("#form-auth", function () {
    post("/api/profile/auth", { real_name: $("#real-name").val(), id_card: $("#id-card").val() }, showRecord);
  });
});
