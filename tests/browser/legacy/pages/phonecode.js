// Family `phonecode`: forms instead of JSON, its own names for code and password, the picture through a hidden frame.

function newCaptcha() {
  var previous = captchaId;
  captchaId = String(new Date().getTime());
  $("#captcha").attr("src", "/api/getImageCode?pcodeid=" + previous + "&codeid=" + captchaId);
}

// Pairs put together by hand end in an ampersand.
function post(url, pairs, done) {
  var form = "";
  $.each(pairs, function (name, value) { form += name + "=" + encodeURIComponent(value) + "&"; });
  $.post(url, form, function (data) {
    say(data.errno, data.errmsg);
    if ("0" == data.errno) done(data.data);
  }, "json");
}

function begin() {
  $.getJSON("/api/checkLogin", function (data) {
    if ("0" != data.errno) {
      showAccountForm();
      newCaptcha();
      return;
    }
    showUser(data.data.name);
    $.getJSON("/api/profile", function (data) {
      $("#user-mobile").html(data.data.mobile);
      if (data.data.avatar_url) $("#user-avatar").attr("src", data.data.avatar_url);
    });
    $.getJSON("/api/profile/auth", function (data) { showRecord(data.data); });
  });
}

// As upload plugins did it before there was FormData: the answer is what stands in the frame.
function uploadThroughFrame(form) {
  var frame = $("<iframe name=upload-frame hidden></iframe>").appendTo("body");
  form.action = "/api/profile/avatar";
  form.target = "upload-frame";
  frame.on("load", function () {
    var text = $(this).contents().find("body").text();
    if (!text) return;
    var data = $.parseJSON(text);
    say(data.errno, data.errmsg);
    if ("0" == data.errno) $("#user-avatar").attr("src", data.data);
    frame.remove();
  });
  form.submit();
}

$(function () {
  begin();
  $(".phonecode-a").click(function () {
    post("/api/smsCode",
      { mobile: $("#mobile").val(), image_code_id: captchaId, image_code_text: $("#imagecode").val() }, $.noop);
  });
  $(".register").click(function () {
    post("/api/register",
      { mobile: $("#mobile").val(), phoneCode: $("#phonecode").val(), passwd: $("#password").val() }, begin);
  });
  $(".login").click(function () {
    post("/api/login", { mobile: $("#mobile").val(), passwd: $("#password").val() }, begin);
  });
  $(".logout").click(function () { $.get("/api/logout", begin); });
  onSubmit("#form-avatar", uploadThroughFrame);
  onSubmit("#form-name", function () {
    post("/api/profile/name", { user_name: $("#name").val() }, function (data) { $(".user-name").html(data.name); });
  });
  onSubmit("#form-auth", function () {
    post("/api/profile/auth", { real_name: $("#real-name").val(), id_card: $("#id-card").val() }, showRecord);
  });
});
