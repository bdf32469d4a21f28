// Family `errorcode`: answers by `errorcode` and `errormsg`, and JSON written by hand with a comma too many.

function newCaptcha() {
  var previous = captchaId;
  captchaId = uuid();
  $("#captcha").attr("src", "/api/piccode?pcodeid=" + previous + "&codeid=" + captchaId);
}

function post(url, fields, done) {
  var json = "{";
  $.each(fields, function (name, value) { json += '"' + name + '": "' + value + '", '; });
  $.ajax({
    url: url,
    type: "POST",
    data: json + "}",
    contentType: "application/json",
    success: function (data) {
      say(data.errorcode, data.errormsg);
      if (data.errorcode === "0") done(data.data);
    },
  });
}

function begin() {
  $.get("/api/check_login", function (data) {
    if (data.errorcode !== "0") {
      showAccountForm();
      newCaptcha();
      return;
    }
    $.get("/api/profile", function (data) {
      showUser(data.data.name);
      $("#user-mobile").html(data.data.mobile);
      if (data.data.avatar_url) $("#user-avatar").attr("src", data.data.avatar_url);
    });
    $.get("/api/profile/auth", function (data) { if (data.errorcode === "0") showRecord(data.data); });
  });
}

$(function () {
  begin();
  $(".phonecode-a").click(function () {
    post("/api/smscode", { mobile: $("#mobile").val(), imagecode: $("#imagecode").val(), codeId: captchaId }, $.noop);
  });
  $(".register").click(function () {
    post("/api/register", {
      mobile: $("#mobile").val(),
      imagecode: $("#imagecode").val(),
      smscode: $("#phonecode").val(),
      password: $("#password").val(),
    }, begin);
  });
  $(".login").click(function () {
    post("/api/login", { mobile: $("#mobile").val(), password: $("#password").val() }, begin);
  });
  $(".logout").click(function () { $.get("/api/logout", begin); });
  onSubmit("#form-avatar", function (form) {
    $.ajax({
      url: "/api/profile/avatar",
      type: "POST",
      data: new FormData(form),
      processData: false,
      contentType: false,
      success: function (data) {
        say(data.errorcode, data.errormsg);
        if (data.errorcode === "0") $("#user-avatar").attr("src", data.url);
      },
    });
  });
  onSubmit("#form-name", function () {
    post("/api/profile/name", { name: $("#name").val() }, function (data) { $(".user-name").html(data.name); });
  });
  onSubmit("#form-auth", function () {
    post("/api/profile/auth", { real_name: $("#real-name").val(), id_card: $("#id-card").val() }, showRecord);
  });
});
